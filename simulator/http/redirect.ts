import type { Answer } from './message.ts';

/** The answer to plain HTTP on the TLS port. */
export function redirectAnswer(method: string, host: string, target: string): Answer {
  const headers = { Location: `https://${host}${target}` };
  const [status, reason] =
    method === 'GET' || method === 'HEAD' ? [301, 'Moved Permanently'] : [308, 'Permanent Redirect'];
  return { status, reason, headers, body: reason, close: true };
}
