import { z } from 'zod';
import { type CallName, type CallParams, calls, type PathValues, pathOf } from './calls.ts';
import { ProxmoxError } from './errors.ts';
import type { Transport } from './transport.ts';

/** Makes one of the declared {@link calls} and reads its answer. @throws ProxmoxError */
export type Ask = <Name extends CallName, Answer extends z.ZodType>(
  name: Name,
  at: PathValues<Name>,
  params: CallParams<Name>,
  answer: Answer,
) => Promise<z.output<Answer>>;

/** Binds the declared calls to a transport. An answer that does not fit its schema is a {@link ProxmoxError}. */
export function createAsk(transport: Transport): Ask {
  return async (name, at, params, answer) => {
    const { method, route } = calls[name];
    const path = pathOf(name, at);
    const data = await transport.request({ method, path, route, params });
    const parsed = answer.safeParse(data);
    if (parsed.success) return parsed.data;
    throw new ProxmoxError({
      kind: 'failed',
      method,
      path,
      status: 200,
      reason: `unexpected answer: ${z.prettifyError(parsed.error)}`,
      outcomeUnknown: method !== 'GET',
    });
  };
}
