/**
 * Whether a request comes from one of the pages that may send it. Compared as text, since a browser sends an origin in
 * one form only; a missing header, as that of a program or of a page that hides where it is, is nobody's.
 */
export function isFrom(header: string | string[] | undefined, allowed: readonly string[]): boolean {
  return typeof header === 'string' && allowed.includes(header);
}
