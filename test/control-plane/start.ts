#!/usr/bin/env node
import { resolve } from 'node:path';
import { startControlPlane } from './control-plane.ts';

// A control plane to play with: `node test/control-plane/start.ts [folder]` prints where its kubeconfig is and runs
// until ^C. KUBEBUILDER_ASSETS and CLUSTER are heeded.

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());

try {
  const { kubeconfig } = await startControlPlane({
    dir: resolve(process.argv[2] ?? '.cache/control-plane/data'),
    env: process.env,
    log: line => console.error(line),
    signal: interrupt.signal,
  });
  console.log(`export KUBECONFIG=${kubeconfig}`);
} catch (error) {
  if (!interrupt.signal.aborted) console.error((error as Error).message);
  process.exitCode = 1;
}
