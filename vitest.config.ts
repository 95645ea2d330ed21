import { defineConfig } from 'vitest/config';

/** What is waited for without a deadline of its own: a slow machine costs time, and no test. The default is a second. */
const expect = { poll: { timeout: 60_000 } };

/**
 * `unit` stands beside its source and needs nothing but Node. `system` lives under test/ and starts the real
 * control plane, so its files share one and run one after another. `faults` has no control plane and keeps every core busy,
 * so it runs beside `system`, which waits most of the time. Times are for what hangs, not for what is slow: `faults` gets
 * what processor is left, and nearly none while a control plane is being compiled.
 */
export default defineConfig({
  test: {
    teardownTimeout: 60_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{api,kube,proxmox,simulator,operator,console-proxy,portal,cli,scripts}/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/faults/**'],
          globalSetup: ['test/control-plane/global-setup.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          expect,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/*.test.ts'],
          testTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
