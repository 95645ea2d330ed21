/** What of an answer is looked at. */
interface Answered {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  cookies: readonly string[];
}

const csp = (console: string) =>
  new RegExp(
    `^default-src 'none';script-src 'self';style-src 'self' 'nonce-[\\w-]{22}';img-src 'self' data:;font-src 'self';` +
      `connect-src 'self';manifest-src 'self';base-uri 'none';form-action 'self'${console};frame-ancestors 'none'$`,
  );

/** Headers that every answer has, whatever it is. */
const headers: Record<string, RegExp> = {
  'content-security-policy': csp('( https://[\\w.:-]+)?'),
  'strict-transport-security': /^max-age=31536000$/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^strict-origin$/,
  'cross-origin-opener-policy': /^same-origin-allow-popups$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'permissions-policy': /camera=\(\)/,
  'cache-control': /^no-store$|^public, max-age=31536000, immutable$/,
  'x-request-id': /^[0-9a-f-]{36}$/,
};

const absent = ['x-powered-by', 'server', 'access-control-allow-origin', 'access-control-allow-credentials'];

const cookies: Record<string, RegExp> = {
  '__Host-berth-session': /; Path=\/; Max-Age=\d+; SameSite=Strict; Secure; HttpOnly$/,
  '__Host-berth-session-1': /; Path=\/; Max-Age=\d+; SameSite=Strict; Secure; HttpOnly$/,
  '__Host-berth-sign-in': /; Path=\/; Max-Age=\d+; SameSite=Lax; Secure; HttpOnly$/,
  '__Host-berth-language': /; Path=\/; Max-Age=\d+; SameSite=Lax; Secure$/,
};

/** What is wrong with an answer of the portal: F140 holds for each, also for those that no test is about. */
export function faultsOf(answer: Answered): string[] {
  const faults = Object.entries(headers).flatMap(([name, wanted]) => {
    const value = answer.headers[name];
    return typeof value === 'string' && wanted.test(value) ? [] : [`${name}: ${value}`];
  });
  const leaked = absent.filter(name => answer.headers[name] !== undefined);
  const loose = answer.cookies.filter(line => {
    const name = (/^[^=]+/.exec(line)?.[0] ?? '').replace(/^(__Host-berth-sign-in)-.{12}$/, '$1');
    return !cookies[name]?.test(line);
  });
  const isLate = answer.status === 429 && !/^\d+$/.test(String(answer.headers['retry-after']));
  return [...faults, ...leaked, ...loose, ...(isLate ? ['no Retry-After'] : [])];
}
