import ReactMarkdown from 'react-markdown';
import css from './markdown.module.css';

/** What people may write; images would load something from elsewhere, and HTML is shown as text. */
const allowed = [
  'a',
  'blockquote',
  'br',
  'code',
  'em',
  'h1',
  'h2',
  'h3',
  'h4',
  'hr',
  'li',
  'ol',
  'p',
  'pre',
  'strong',
  'ul',
];

/** Only these lead somewhere; anything else becomes plain text. */
const schemes = /^(https?:|mailto:)/i;

/** Markdown that somebody else may have written: no HTML, no images, no script, links only to where they say. */
export default function Markdown({ text }: { text: string }) {
  return (
    <div className={css.markdown}>
      <ReactMarkdown
        allowedElements={allowed}
        unwrapDisallowed
        urlTransform={url => (schemes.test(url) ? url : '')}
        components={{
          // A page has its own headings; these stand below them.
          h1: ({ children }) => <h3>{children}</h3>,
          h2: ({ children }) => <h3>{children}</h3>,
          h3: ({ children }) => <h4>{children}</h4>,
          a: ({ href, children }) =>
            href ? (
              <a href={href} target="_blank" rel="noopener noreferrer nofollow">
                {children}
              </a>
            ) : (
              children
            ),
        }}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
}
