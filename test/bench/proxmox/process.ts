import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { type Figures, figures, type question, simulatorHello, type simulatorOrder } from './protocol.ts';

/** A simulated Proxmox VE in a process of its own, so that its work is not the benchmark's. */
export interface ProxmoxProcess {
  url: string;
  ca: string;
  figures: () => Promise<Figures>;
  /** Starts the figures anew. */
  forget: () => Promise<void>;
  close: () => Promise<void>;
}

/** Starts it and resolves once it listens. */
export async function startProxmoxProcess(order: z.infer<typeof simulatorOrder>): Promise<ProxmoxProcess> {
  const child = fork(fileURLToPath(new URL('main.ts', import.meta.url)), [JSON.stringify(order)]);
  const ended = once(child, 'exit');
  const answer = async () => {
    const [message] = await Promise.race([once(child, 'message'), ended.then(() => Promise.reject(gone))]);
    return message;
  };
  const { url, ca } = simulatorHello.parse(await answer());
  const ask = async (what: z.infer<typeof question>) => {
    child.send(what);
    return figures.parse(await answer());
  };
  return {
    url,
    ca,
    figures: () => ask('figures'),
    forget: async () => {
      await ask('forget');
    },
    close: async () => {
      child.send('end');
      await ended;
    },
  };
}

const gone = new Error('the simulator ended by itself');
