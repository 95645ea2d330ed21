import type { ConditionType, Decision, Holding, Verdict } from './decision.ts';
import { askInTime } from './guest.ts';
import type { Observed } from './observed.ts';
import { holdCdrom } from './steps/cdrom.ts';
import { ceiling } from './steps/ceiling.ts';
import { configHolds, configure, holdVainGrowth, reportConfigDrift } from './steps/configure.ts';
import { operate } from './steps/operate.ts';
import { joinPool } from './steps/pool.ts';
import { power } from './steps/power.ts';
import { provision } from './steps/provision.ts';
import { endTask, finished, holdFailedRemoval, remove } from './steps/removal.ts';
import { claim, grant, holdFinalizer } from './steps/reserve.ts';
import { settled } from './steps/settled.ts';
import { snapshots } from './steps/snapshot.ts';
import { awaitTask, holdAfterFailure } from './steps/task.ts';
import { trim } from './steps/trim.ts';

/** One step towards what is desired. */
interface Step {
  take: (o: Observed) => Verdict | undefined;
  /** The condition that it answers for: the reason when it holds, and what Ready says when it does not. */
  condition?: ConditionType;
  holds?: string | ((o: Observed) => Omit<Holding, 'condition'> | undefined);
  notReady: string;
}

const provisionHolds = ({ vm: { spec } }: Observed) => ({
  reason: spec.source.adopt ? 'Adopted' : spec.source.iso ? 'Created' : 'Cloned',
});

const powerHolds = ({ vm }: Observed) => ({
  reason: vm.spec.powerState === 'Unmanaged' ? 'Unmanaged' : 'InDesiredState',
});

/** From nothing to a machine as desired; each step relies on those before it. */
const creation: Step[] = [
  { take: settled, notReady: 'Provisioning' },
  { take: awaitTask, notReady: 'Provisioning' },
  { take: operate, condition: 'PowerSynced', notReady: 'PowerChanging' },
  { take: snapshots, notReady: 'Snapshotting' },
  { take: o => holdAfterFailure(o), notReady: 'Failed' },
  { take: holdFinalizer, notReady: 'Provisioning' },
  { take: grant, condition: 'QuotaReserved', holds: 'Reserved', notReady: 'QuotaExceeded' },
  { take: claim, condition: 'Scheduled', holds: 'NodeSelected', notReady: 'Unschedulable' },
  { take: provision, condition: 'Provisioned', holds: provisionHolds, notReady: 'Provisioning' },
  { take: configure, condition: 'ConfigSynced', holds: configHolds, notReady: 'Provisioning' },
  { take: joinPool, condition: 'Provisioned', notReady: 'Provisioning' },
  { take: power, condition: 'PowerSynced', holds: powerHolds, notReady: 'PowerChanging' },
  // After power: a machine that may not grow can still be stopped.
  { take: ceiling, condition: 'ConfigSynced', notReady: 'NodeCapReached' },
  { take: holdVainGrowth, condition: 'ConfigSynced', notReady: 'Provisioning' },
  { take: holdCdrom, condition: 'ConfigSynced', notReady: 'InvalidSpec' },
  { take: trim, notReady: 'Provisioning' },
  { take: reportConfigDrift, condition: 'ConfigSynced', notReady: 'ExternalDrift' },
  { take: askInTime, notReady: 'Provisioning' },
];

/** From a machine to nothing. */
const removal: Step[] = [finished, endTask, holdFailedRemoval, remove].map(take => ({ take, notReady: 'Deleting' }));

/**
 * What to do next about one VirtualMachine: the first step that has not got what it wants decides. Pure: the same
 * observation gives the same decision.
 */
export function plan(o: Observed): Decision {
  const steps = o.vm.metadata.deletionTimestamp ? removal : creation;
  const holding: Decision['holding'] = [];
  for (const { take, condition, holds, notReady } of steps) {
    const verdict = take(o);
    if (verdict) return { ...verdict, heldBy: { condition, notReady }, holding };
    const held = typeof holds === 'function' ? holds(o) : holds && { reason: holds };
    if (condition && held) holding.push({ condition, ...held });
  }
  return { outcome: { kind: 'done' }, holding };
}
