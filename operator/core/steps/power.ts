import { type Action, act, lookAt, queued, stall, type Verdict, waitFor } from '../decision.ts';
import { reportsDrift } from '../drift.ts';
import type { Power } from '../machine.ts';
import type { Observed } from '../observed.ts';
import { isReady } from './settled.ts';

/** The machine runs, pauses or rests, as desired. */
export function power(o: Observed): Verdict | undefined {
  const { vm, config } = o;
  const vmid = vm.status?.vmid;
  if (vmid === undefined || !config?.found) return undefined;
  // A machine that was never started is off; starting one that runs does nothing, so this needs no look.
  const neverStarted =
    vm.spec.source.adopt === undefined &&
    vm.status?.lastStartedAt === undefined &&
    (vm.status?.createdAt === undefined || waits(o));
  const current = o.power ?? (neverStarted ? 'Stopped' : undefined);
  if (current === undefined) return o.sweep && isCalm(o) ? undefined : lookAt('power');
  if (isAsWanted(vm.spec.powerState, current)) return undefined;
  if (reportsDrift(o, 'PowerSynced')) return stall('ExternalDrift', drifted(vm, current));
  if (config.config.lock !== undefined && config.config.lock !== 'suspended') {
    return waitFor(5_000, 'LockedByTask', `Proxmox has locked the machine (${config.config.lock}).`);
  }
  if (current === 'Unknown') return waitFor(5_000, 'Unknown', 'Proxmox does not say whether the machine runs.');
  return towards(o, current, { node: config.node, vmid });
}

const isAsWanted = (wanted: Observed['vm']['spec']['powerState'], current: Power): boolean =>
  wanted === 'Unmanaged' || wanted === current || (wanted === 'Stopped' && current === 'Suspended');

const drifted = ({ spec }: Observed['vm'], current: Power): string =>
  `The machine is ${current} in Proxmox and should be ${spec.powerState}; with drift: Report it is left so.`;

/** The next step from one power state to another: a paused guest hears nothing, and one that is off cannot pause. */
function towards(o: Observed, current: Power, at: Place): Verdict {
  const { powerState: wanted, shutdown } = o.vm.spec;
  if (wanted === 'Stopped' && (current !== 'Paused' || shutdown?.mode === 'Hard')) return stop(o, at);
  if (current === 'Paused') return act({ kind: 'resume', ...at }, 'Resuming', 'The machine is being resumed.');
  if (current === 'Running') return act({ kind: 'pause', ...at }, 'Pausing', 'The machine is being paused.');
  return act({ kind: 'start', ...at }, 'Starting', 'The machine is being started.');
}

/** A sweep is about what the inventory does not show; a power that it shows as desired needs no read of its own. */
const isCalm = ({ vm, inventory }: Observed): boolean =>
  isReady(vm) && vm.spec.powerState !== 'Unmanaged' && inventory?.line?.status === vm.spec.powerState.toLowerCase();

/** Whether a start was decided and only waits for its turn. */
const waits = ({ vm: { spec, status } }: Observed): boolean =>
  (spec.powerState === 'Running' || spec.powerState === 'Paused') &&
  (status?.conditions?.some(({ type, reason }) => type === 'PowerSynced' && reason === queued) ?? false);

type Place = Pick<Action & { kind: 'stop' }, 'node' | 'vmid'>;

function stop({ vm }: Observed, at: Place): Verdict {
  const { mode = 'GracefulThenHard', timeoutSeconds = 180 } = vm.spec.shutdown ?? {};
  if (mode === 'Hard') return act({ kind: 'stop', ...at }, 'Stopping', 'The machine is being stopped.');
  const action = { kind: 'shutdown', ...at, timeoutSeconds, force: mode === 'GracefulThenHard' } as const;
  return act(action, 'Stopping', `The guest was asked to shut down within ${timeoutSeconds} s.`);
}
