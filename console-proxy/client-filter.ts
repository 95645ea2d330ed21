/** What of a client's bytes may go on to the machine. */
export interface Filtered {
  pass: Buffer;
  /** Whether somebody typed, or moved or pressed the mouse. */
  typed: boolean;
}

/** Looks at what a client sends, message by message. Throws ProtocolError for what is no message. */
export interface ClientFilter {
  take: (bytes: Buffer) => Filtered;
}
