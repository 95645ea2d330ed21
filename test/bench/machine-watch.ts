import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { isReady } from '#cli/demo/machines.ts';
import type { KubeClient } from '#kube/client.ts';
import { Reflector } from '#kube/reflector.ts';

/** Follows every machine, as a person with `kubectl get --watch` would. */
export interface MachineWatch {
  /** Resolves once so many machines are ready. Rejects after the time. */
  untilReady: (count: number, timeoutMs: number) => Promise<void>;
  machines: () => VirtualMachine[];
  close: () => Promise<void>;
}

/** Starts to follow; resolves once every machine is known. */
export async function watchMachines(kube: KubeClient): Promise<MachineWatch> {
  const ready = new Set<string>();
  let onReady = () => {};
  const reflector = new Reflector<VirtualMachine>({
    client: kube,
    type: virtualMachines,
    onChange(key, kind, vm) {
      if (kind !== 'deleted' && isReady(vm)) ready.add(key);
      else ready.delete(key);
      onReady();
    },
  });
  const stopper = new AbortController();
  const running = reflector.run(stopper.signal);
  await reflector.whenSynced();
  return {
    machines: () => reflector.store.list(),
    async untilReady(count, timeoutMs) {
      const reached = Promise.withResolvers<void>();
      const timer = setTimeout(() => reached.reject(new Error(`${ready.size} of ${count} are ready`)), timeoutMs);
      onReady = () => ready.size >= count && reached.resolve();
      onReady();
      await reached.promise.finally(() => clearTimeout(timer));
    },
    async close() {
      stopper.abort();
      await running;
    },
  };
}
