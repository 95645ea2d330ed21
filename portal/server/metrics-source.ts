import { z } from 'zod';
import { type MachineMetrics, type MetricRange, machineMetrics } from '#portal/api.ts';
import { ApiError } from './http/errors.ts';

/** Where the figures of machines come from: the operator's shared poll, and Proxmox' own charts. */
export interface MetricsSource {
  /** Rejects with ApiError. */
  read(namespace: string, name: string, range: MetricRange): Promise<MachineMetrics>;
}

/** A chart is asked of Proxmox, whose nodes may be slow. */
const timeoutMs = 8_000;

/** A week has 70 points; this is far above. */
const mostBytes = 256 * 1024;

/** How to reach the operator. */
export interface OperatorAddress {
  /** URL of its read API. Where the name has several addresses, each replica is asked: only the leader knows. */
  urls: () => Promise<readonly string[]>;
  /** A token that the operator accepts; it may be a new one each time. */
  token: () => Promise<string>;
}

/** Reads from the operator. */
export function operatorMetrics({ urls, token }: OperatorAddress): MetricsSource {
  let last: string | undefined;

  async function ask(url: string, path: string): Promise<MachineMetrics | 'elsewhere' | 'none'> {
    const response = await fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${await token()}` },
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    // Another replica leads.
    if (response.status === 421) return 'elsewhere';
    if (response.status === 404) return 'none';
    if (!response.ok) throw new Error(`the operator answered ${response.status}`);
    const text = await response.text();
    if (text.length > mostBytes) throw new Error('the answer of the operator is too large');
    return machineMetrics.parse(JSON.parse(text));
  }

  return {
    async read(namespace, name, range) {
      const path = `/v1/namespaces/${namespace}/machines/${name}/metrics?range=${range}`;
      let cause: unknown;
      try {
        const known = await urls();
        for (const url of [...known].sort(candidate => (candidate === last ? -1 : 0))) {
          try {
            const answer = await ask(url, path);
            if (answer === 'elsewhere') continue;
            last = url;
            if (answer === 'none') return { points: [] };
            return answer;
          } catch (error) {
            cause = error;
          }
        }
      } catch (error) {
        cause = error;
      }
      throw new ApiError(503, 'MetricsUnavailable', 'The figures cannot be read now.', {
        cause,
        retryAfterSeconds: 10,
      });
    },
  };
}

/** The range that a query asks for; throws ApiError for another. */
export function rangeOf(query: unknown): MetricRange {
  const parsed = z.enum(['now', 'hour', 'day', 'week']).default('now').safeParse(query);
  if (parsed.success) return parsed.data;
  throw new ApiError(400, 'BadRequest', 'range must be now, hour, day or week.');
}
