/** Where people land who asked for nothing else. */
const home = '/';

/** A stand-in for our own origin: what resolves to another one leads away from here. */
const origin = 'https://portal.invalid';

/**
 * The page to show after a sign-in: `wanted` where it is a path of the portal's pages, else the first page. Whatever a
 * browser could take for another origin (`//host`, `/\host`, a tab in between) is none.
 */
export function localPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || wanted.length > 2000 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted)) return home;
  if (wanted.includes('\\') || !URL.canParse(wanted, origin)) return home;
  const url = new URL(wanted, origin);
  if (url.origin !== origin || /^\/(?:\/|auth(?:\/|$)|api(?:\/|$))/i.test(url.pathname)) return home;
  return `${url.pathname}${url.search}${url.hash}`;
}
