/** One page of the documentation. */
export interface Topic {
  /** In the link; the same in every language. */
  name: string;
  title: string;
  /** Markdown, as machine/markdown.tsx shows it. */
  text: string;
  /** For administrators only. */
  admin?: boolean;
}

/** The documentation in one language, in order. */
export type Topics = readonly Topic[];
