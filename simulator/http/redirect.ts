import type { Answer } from './message.ts';

/** The answer to plain HTTP on the TLS port. */
export function redirectAnswer(host: string, target: string): Answer {
  const headers = { Location: `https://${host}${target}` };
  return { status: 301, reason: 'Moved Permanently', headers, body: 'Moved Permanently', close: true };
}
