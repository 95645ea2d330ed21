/** Cookies of a request by name; where a name comes twice, the first counts, as browsers send the nearest first. */
export type Cookies = ReadonlyMap<string, string>;

/** A browser takes 4096 bytes for a cookie with its name and attributes (RFC 6265, 6.1). */
const chunkCharacters = 3800;

/** What Node takes for all headers of a request is 16 KiB; half of it is enough for a session. */
const mostChunks = 2;

/** Browsers send fewer; more is an attempt to have us parse for long. */
const mostCookies = 100;

/** How a cookie is set. `__Host-` names hold it to this host, https and the path `/`. */
export interface CookieOptions {
  sameSite: 'Strict' | 'Lax';
  /** Seconds; 0 removes it. */
  maxAge: number;
  /** Whether scripts of the page may read it. */
  readable?: boolean;
}

/** Reads a `Cookie` header. */
export function parseCookies(header: string | undefined): Cookies {
  const cookies = new Map<string, string>();
  for (const pair of (header ?? '').split(';', mostCookies)) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(at, 0)).trim();
    if (name !== '' && !cookies.has(name)) cookies.set(name, pair.slice(at + 1).trim());
  }
  return cookies;
}

/** A `Set-Cookie` line. `name` and `value` are ours, without characters that would need quoting. */
export function cookieLine(name: string, value: string, { sameSite, maxAge, readable }: CookieOptions): string {
  const hidden = readable ? '' : '; HttpOnly';
  return `${name}=${value}; Path=/; Max-Age=${Math.max(0, Math.floor(maxAge))}; SameSite=${sameSite}; Secure${hidden}`;
}

const chunkName = (name: string, index: number) => (index === 0 ? name : `${name}-${index}`);

/** Puts a chunked cookie together; undefined where there is none. */
export function readChunks(cookies: Cookies, name: string): string | undefined {
  let value = '';
  for (let index = 0; index < mostChunks; index += 1) {
    const chunk = cookies.get(chunkName(name, index));
    if (!chunk) break;
    value += chunk;
    if (chunk.length < chunkCharacters) break;
  }
  return value || undefined;
}

/**
 * The `Set-Cookie` lines of a value in as many cookies as it needs, and those that remove the rest. An empty value
 * removes all. Undefined for a value that is too long.
 */
export function chunkLines(name: string, value: string, options: CookieOptions): string[] | undefined {
  if (value.length > chunkCharacters * mostChunks) return undefined;
  return Array.from({ length: mostChunks }, (_, index) => {
    const chunk = value.slice(index * chunkCharacters, (index + 1) * chunkCharacters);
    return cookieLine(chunkName(name, index), chunk, chunk === '' ? { ...options, maxAge: 0 } : options);
  });
}
