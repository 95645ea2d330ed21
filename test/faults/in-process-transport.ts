import { dataOf } from '#proxmox/answer.ts';
import type { Call } from '#proxmox/call.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import { prepare } from '#proxmox/message.ts';
import type { HttpTransport, TransportOptions } from '#proxmox/transport.ts';
import type { Simulator } from '#simulator/simulator.ts';

/** A transport to a simulator in this process: the same requests and answers, without sockets. */
export function inProcessTransport(simulator: Simulator, { token }: TransportOptions): HttpTransport {
  return {
    async request(call) {
      const { target, headers, body } = prepare(call, token());
      const answer = await simulator.handle({
        method: call.method,
        target,
        headers: {
          ...headers,
          host: 'lab.test:8006',
          'content-length': body === null ? undefined : String(body.length),
        },
        ...(body !== null && { body }),
      });
      if (answer.broken) throw lostAnswer(call);
      return dataOf(call, { status: answer.status, phrase: answer.reason, body: answer.body });
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** What the client throws when a connection ends under a call. */
export const lostAnswer = ({ method, path }: Call): ProxmoxError =>
  new ProxmoxError({
    kind: 'transient',
    method,
    path,
    status: 0,
    reason: 'other side closed',
    outcomeUnknown: method !== 'GET',
  });
