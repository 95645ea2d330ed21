import type { Answer, Request } from '../http/message.ts';

/** One request that was answered. */
export interface LoggedRequest {
  /** When it came, in ms since the epoch. */
  at: number;
  method: string;
  target: string;
  /** The user or the token that it names, whether or not that was believed. */
  authid?: string;
  status: number;
  reason: string;
  /** How long the answer took. */
  ms: number;
  /** Instead of an answer. */
  broken?: 'reset' | 'refused';
}

/** How often a route was called. */
export interface RouteCount {
  calls: number;
  /** By status; a broken connection is 0. */
  statuses: Record<number, number>;
  totalMs: number;
}

/** Older requests are forgotten; the counts go on. */
const KEPT = 1000;

/** What was asked and answered. */
export class RequestLog {
  readonly #recent: LoggedRequest[] = [];
  #next = 0;
  readonly #counts = new Map<string, RouteCount>();

  /** The last thousand requests, oldest first. */
  recent(): LoggedRequest[] {
    return [...this.#recent.slice(this.#next), ...this.#recent.slice(0, this.#next)];
  }

  /** By method and path pattern, such as `GET /nodes/{node}/qemu`; what is no route counts under its method. */
  counts(): Record<string, RouteCount> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  clear(): void {
    this.#recent.length = 0;
    this.#next = 0;
    this.#counts.clear();
  }

  /** @param ms How long the answer took. */
  note(request: Request, answer: Answer, at: number, ms: number): void {
    const { method, target, headers } = request;
    const { status, reason, broken } = answer;
    const authid = nameOf(headers);
    this.#recent[this.#next] = {
      at,
      method,
      target: withoutSecrets(target),
      ...(authid !== undefined && { authid }),
      status,
      reason,
      ms,
      ...(broken !== undefined && { broken }),
    };
    this.#next = (this.#next + 1) % KEPT;
    const count = this.#countOf(answer.route ?? `${method} (no route)`);
    count.calls++;
    count.statuses[status] = (count.statuses[status] ?? 0) + 1;
    count.totalMs += ms;
  }

  #countOf(key: string): RouteCount {
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const count: RouteCount = { calls: 0, statuses: {}, totalMs: 0 };
    this.#counts.set(key, count);
    return count;
  }
}

function withoutSecrets(target: string): string {
  if (!target.includes('?')) return target;
  return target.replace(/((?:password|vncticket|ticket)=)[^&]*/g, '$1…');
}

/** Only the name: the rest of these headers is secret. */
function nameOf({ authorization = '', cookie = '' }: Request['headers']): string | undefined {
  const token = /^PVEAPIToken[= ]([^=]+)=/.exec(authorization)?.[1];
  if (token !== undefined) return token;
  return /PVEAuthCookie=PVE(?::|%3A)(\S+?(?:@|%40)\w+)(?::|%3A)/i.exec(cookie)?.[1]?.replace('%40', '@');
}
