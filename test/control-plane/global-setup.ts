import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type ControlPlane, startControlPlane } from './control-plane.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test files ask for the control plane that they share. */
    controlPlaneBroker: string;
  }
}

/**
 * One control plane for all test files of a run. Test files run in processes of their own and this in vitest's, so they
 * ask for it over loopback HTTP; the first to ask has it started, and a run that never asks pays nothing.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-control-plane-'));
  const interrupt = new AbortController();
  let started: Promise<ControlPlane> | undefined;
  const broker = createServer((_, response) => {
    started ??= startControlPlane({ dir, env: process.env, log: console.error, signal: interrupt.signal });
    started.then(
      ({ kubeconfig }) => response.end(kubeconfig),
      (error: Error) => response.writeHead(503).end(error.message),
    );
  });
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  const address = broker.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server without a port');
  project.provide('controlPlaneBroker', `http://127.0.0.1:${address.port}`);
  return async () => {
    interrupt.abort();
    broker.close();
    await started?.then(({ stop }) => stop()).catch(() => {}); // Whoever asked for it was told why it failed.
    await rm(dir, { recursive: true, force: true });
  };
}
