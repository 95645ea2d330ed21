import { act, lookAt, queued, type Verdict, waitFor } from '../decision.ts';
import type { Observed } from '../observed.ts';
import { isReady } from './settled.ts';

/** The machine runs, or rests, as desired. */
export function power(o: Observed): Verdict | undefined {
  const { vm, config } = o;
  const vmid = vm.status?.vmid;
  if (vmid === undefined || !config?.found) return undefined;
  const at = { node: config.node, vmid };
  // A machine that was never started is off; starting one that runs does nothing, so this needs no look.
  const neverStarted = vm.status?.lastStartedAt === undefined && (vm.status?.createdAt === undefined || waits(o));
  const current = o.power ?? (neverStarted ? 'Stopped' : undefined);
  if (current === undefined) return o.sweep && isCalm(o) ? undefined : lookAt('power');
  if (current === vm.spec.powerState) return undefined;
  if (config.config.lock !== undefined && config.config.lock !== 'suspended') {
    return waitFor(5_000, 'LockedByTask', `Proxmox has locked the machine (${config.config.lock}).`);
  }
  if (current === 'Unknown') return waitFor(5_000, 'Unknown', 'Proxmox does not say whether the machine runs.');
  if (vm.spec.powerState === 'Stopped') return stop(o, at);
  if (current === 'Paused') {
    return waitFor(30_000, 'Paused', 'The machine was paused in Proxmox; resume it there.');
  }
  return act({ kind: 'start', ...at }, 'Starting', 'The machine is being started.');
}

/** A sweep is about what the inventory does not show; a power that it shows as desired needs no read of its own. */
const isCalm = ({ vm, inventory }: Observed): boolean =>
  isReady(vm) && inventory?.line?.status === vm.spec.powerState.toLowerCase();

/** Whether a start was decided and only waits for its turn. */
const waits = ({ vm: { spec, status } }: Observed): boolean =>
  spec.powerState === 'Running' &&
  (status?.conditions?.some(({ type, reason }) => type === 'PowerSynced' && reason === queued) ?? false);

function stop({ vm }: Observed, at: { node: string; vmid: number }): Verdict {
  const { mode = 'GracefulThenHard', timeoutSeconds = 180 } = vm.spec.shutdown ?? {};
  if (mode === 'Hard') return act({ kind: 'stop', ...at }, 'Stopping', 'The machine is being stopped.');
  const action = { kind: 'shutdown', ...at, timeoutSeconds, force: mode === 'GracefulThenHard' } as const;
  return act(action, 'Stopping', `The guest was asked to shut down within ${timeoutSeconds} s.`);
}
