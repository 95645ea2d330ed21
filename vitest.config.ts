import { defineConfig } from 'vitest/config';

/**
 * `unit` stands beside its source and needs nothing but Node. `system` lives under test/ and starts the real
 * control plane, so its files share one and run one after another. `faults` has no control plane and keeps every core busy,
 * so it runs beside `system`, which waits most of the time.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{api,kube,proxmox,simulator,operator,console-proxy,portal,cli,scripts}/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/faults/**'],
          globalSetup: ['test/control-plane/global-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/*.test.ts'],
          testTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
