import type { VirtualMachine, VmOperation, VmSnapshot } from '#api/kinds.ts';
import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';
import type { Action, Decision } from '../decision.ts';
import { failureVerdict } from '../failure.ts';
import type { ConfigChange, MachineConfig, Power } from '../machine.ts';
import { blank } from '../new-machine.ts';
import type { Observed, SnapshotLine, TaskView } from '../observed.ts';
import { begun, currentOperation, ended, operationTasks } from '../operation.ts';
import { plan } from '../plan.ts';
import { type ActionResult, statusOf } from '../report.ts';
import { beingRemoved, beingTaken, currentSnapshot, failed, pending, snapshotNameOf, taken } from '../snapshot.ts';
import { finalizer } from '../steps/reserve.ts';
import { clonedConfig, cluster, clusterId, template } from './fixtures.ts';

/**
 * One VirtualMachine, one VMID and the task of one worker, as far as decisions can tell: enough to see where a plan
 * leads from any state. What Proxmox really does is the simulator's matter.
 */
export interface World {
  now: number;
  vm: VirtualMachine | undefined;
  machine?: { node: string; config: MachineConfig; power: Power };
  adoptee?: Observed['adoptee'];
  secret?: Observed['secret'];
  operation?: VmOperation;
  /** The one VmSnapshot, what Proxmox has of snapshots, and the configuration in it. */
  snapshot?: VmSnapshot | undefined;
  snapshots?: SnapshotLine[];
  snapshotConfig?: MachineConfig;
  snapshotRoom?: Observed['snapshotRoom'];
  /** Keys whose change waits for a restart. */
  pending?: string[];
  /** How many operations Proxmox was told of. */
  told?: number;
  /** The open task, and what it does when it ends. */
  task?: { upid: string; ends: { succeeded: boolean; message?: string; effect: () => void } };
  templateUsable: boolean;
  /** The prefix of pools, the comment of the one that there is, and whether the machine is in it. */
  poolPrefix?: string;
  pool?: string;
  inPool?: boolean;
  /** Whether the worker dies between the lock and the pool. */
  missesPool?: boolean;
  clusterExists: boolean;
  quorate: boolean;
  /** Whether everything is to be compared. */
  sweep?: boolean;
}

/** What one pass did. */
export interface Pass {
  observed: Observed;
  decision: Decision;
  status: VirtualMachineStatus | undefined;
}

/** Lets the open task end. */
export function endTask(world: World): TaskView {
  const ended = world.task;
  if (!ended) return { state: 'none' };
  if (ended.ends.succeeded) ended.ends.effect();
  world.task = undefined;
  return { state: 'ended', succeeded: ended.ends.succeeded, message: ended.ends.message };
}

/** One pass over a world: observe, plan, act, report. `task` is what became of the status' task. */
export function pass(world: World, vm: VirtualMachine, task: TaskView): Pass {
  const observed: Observed = {
    now: world.now,
    clusterId,
    vm,
    clusters: world.clusterExists ? [cluster({ poolPrefix: world.poolPrefix })] : [],
    vmTemplate: template(),
    quota: { granted: true },
    operation: currentOperation(world.operation ? [world.operation] : [], vm.metadata.uid),
    snapshot: currentSnapshot(world.snapshot ? [world.snapshot] : [], vm.metadata.uid, world.now),
    task,
    inventory: { line: lineOf(world) },
    sweep: world.sweep ?? false,
  };
  let decision = plan(observed);
  while (decision.look) {
    look(world, observed, decision.look);
    if (observed[decision.look] === undefined) throw new Error(`nobody can see ${decision.look}`);
    decision = plan(observed);
  }
  let result: ActionResult = {};
  if (decision.action) {
    const done = carryOut(world, decision.action);
    if (done === 'refused') decision = { ...decision, ...failureVerdict({ kind: 'conflict', reason: 'it exists' }) };
    else result = done;
  }
  const status = statusOf(observed, decision, result);
  if (status && world.vm) world.vm = { ...world.vm, status };
  return { observed, decision, status };
}

function lineOf({ machine }: World) {
  return machine && { node: machine.node, status: machine.power.toLowerCase(), lock: machine.config.lock };
}

function look(world: World, observed: Observed, what: NonNullable<Decision['look']>): void {
  const { machine } = world;
  if (observed[what] !== undefined) throw new Error(`asked to see ${what} twice in one pass`);
  if (what === 'config') {
    observed.config = machine
      ? { found: true, node: machine.node, config: structuredClone(machine.config) }
      : { found: false };
  }
  if (what === 'power') {
    observed.power = machine?.power ?? 'Unknown';
    if (machine) observed.size = sizeOf(machine.config);
  }
  if (what === 'operationTask') observed.operationTask = { upid: world.task?.upid };
  if (what === 'snapshots') observed.snapshots = structuredClone(world.snapshots ?? []);
  if (what === 'snapshotConfig') observed.snapshotConfig = world.snapshotConfig;
  if (what === 'rollbackTo') {
    const { snapshot, operation } = world;
    const isNamed = operation?.spec.rollback?.snapshotName === snapshot?.metadata.name;
    observed.rollbackTo = { snapshot: isNamed ? snapshot : undefined };
  }
  if (what === 'snapshotRoom') observed.snapshotRoom = world.snapshotRoom ?? { granted: true };
  if (what === 'snapshotWorker') observed.snapshotWorker = { running: world.task !== undefined };
  if (what === 'pending') observed.pending = world.pending ?? [];
  if (what === 'adoptee') observed.adoptee = world.adoptee ?? { usable: true, node: 'n1' };
  if (what === 'secret') observed.secret = world.secret ?? { found: true, password: 'secret' };
  if (what === 'orphan') observed.orphan = {};
  if (what === 'growth') observed.growth = { granted: true };
  if (what === 'pool' || what === 'inPool') {
    observed.pool = world.pool === undefined ? { found: false } : { found: true, comment: world.pool };
  }
  if (what === 'inPool') observed.inPool = world.inPool ?? false;
  if (what === 'worker') {
    observed.worker = world.task ? { running: true, upid: world.task.upid, candidates: [] } : { running: false };
  }
  if (what === 'absence') {
    observed.absence = world.quorate && !machine ? { proven: true } : { proven: false, message: 'no quorum' };
  }
  if (what === 'iso') observed.iso = { usable: true, nodes: [{ name: 'n2', storages: ['shared'] }] };
  if (what === 'template') {
    observed.template = world.templateUsable
      ? { usable: true, vmid: 900, node: 'n1', shared: true, rootStorage: 'shared' }
      : { usable: false, reason: 'TemplateNotFound', message: 'no such template' };
  }
}

const sizeOf = ({ cores, sockets, memoryMiB }: MachineConfig) => ({ cpu: cores * sockets, memoryMiB });

function carryOut(world: World, action: Action): ActionResult | 'refused' {
  const vm = world.vm as VirtualMachine;
  const started = (type: string, effect: () => void, ends = { succeeded: true }): ActionResult => {
    const upid = `UPID:n1:${type}:${world.now}`;
    world.task = { upid, ends: { ...ends, effect } };
    return { task: { upid, type, node: 'n1' } };
  };
  switch (action.kind) {
    case 'addFinalizer':
      world.vm = { ...vm, metadata: { ...vm.metadata, finalizers: [finalizer] } };
      return {};
    case 'adopt':
      return { claim: { cluster: action.cluster, vmid: action.vmid, node: action.node } };
    case 'recreate':
      return { recreated: true };
    case 'trimQuota':
      return {};
    case 'removeFinalizer':
      world.vm = undefined;
      return {};
    case 'claim':
      // What is abandoned stays in Proxmox, under a number that this machine looks at no more.
      if (action.abandon) world.machine = undefined;
      return {
        claim: {
          cluster: action.cluster,
          vmid: (action.abandon?.vmid ?? 999) + 1,
          node: action.demand.candidates[0] ?? 'n1',
          allocation: { cpu: action.demand.cpu, memoryMiB: action.demand.memoryMiB },
        },
      };
    case 'clone':
      if (world.machine) return 'refused';
      return started('qmclone', () => {
        const config = clonedConfig({ description: action.description, name: action.name });
        world.machine = { node: action.target ?? action.node, config, power: 'Stopped' };
        world.inPool = action.pool !== undefined && !world.missesPool;
      });
    case 'create':
      if (world.machine) return 'refused';
      return started('qmcreate', () => {
        const { uefi: _, tpm: __, ...change } = action.machine;
        world.machine = { node: action.node, config: written(blank, change), power: 'Stopped' };
        world.inPool = action.pool !== undefined && !world.missesPool;
      });
    case 'createPool':
      world.pool = action.comment;
      return {};
    case 'joinPool':
      world.inPool = world.pool !== undefined;
      return {};
    case 'configure':
      if (world.machine) world.machine.config = written(world.machine.config, action.change);
      return {};
    case 'resize':
      return started('resize', () => {
        for (const disk of world.machine?.config.disks ?? [])
          if (disk.key === action.disk) disk.sizeMiB = action.sizeMiB;
      });
    case 'start':
      return { ...started('qmstart', () => setPower(world, 'Running')), started: true };
    case 'shutdown':
      return started('qmshutdown', () => setPower(world, 'Stopped'));
    case 'pause':
      return started('qmpause', () => setPower(world, 'Paused'));
    case 'resume':
      return started('qmresume', () => setPower(world, 'Running'));
    case 'stop':
      return started('qmstop', () => setPower(world, 'Stopped'));
    case 'destroy':
      return started('qmdestroy', () => {
        world.machine = undefined;
      });
    case 'operate': {
      const beginning = { vmUid: vm.metadata.uid, afterUpid: action.afterUpid };
      const own = { ...action.operation, status: begun(action.operation, beginning, world.now) };
      const told = started(operationTasks[own.spec.type], () => rolledBack(world, own));
      world.operation = { ...own, status: { ...own.status, upid: told.task?.upid ?? '' } };
      world.told = (world.told ?? 0) + 1;
      return told;
    }
    case 'followOperation': {
      const { operation, upid } = action;
      world.operation = { ...operation, status: { ...operation.status, upid } };
      return { task: { upid, type: operationTasks[operation.spec.type], node: 'n1' } };
    }
    case 'endOperation':
      world.operation = { ...action.operation, status: ended(action.operation, action.failure, world.now) };
      return {};
    case 'takeSnapshot': {
      const { snapshot } = action;
      const name = snapshotNameOf(snapshot);
      const told = started('qmsnapshot', () => {
        world.snapshots = [
          ...(world.snapshots ?? []),
          { name, takenAtSeconds: world.now / 1000, memory: action.memory },
        ];
      });
      world.snapshot = { ...snapshot, status: { ...beingTaken(snapshot, world.now), upid: told.task?.upid ?? '' } };
      world.told = (world.told ?? 0) + 1;
      return told;
    }
    case 'removeSnapshot': {
      const { snapshot } = action;
      const told = started('qmdelsnapshot', () => {
        world.snapshots = world.snapshots?.filter(({ name }) => name !== snapshotNameOf(snapshot)) ?? [];
      });
      world.snapshot = { ...snapshot, status: { ...beingRemoved(snapshot, world.now), upid: told.task?.upid ?? '' } };
      return told;
    }
    case 'noteTaken':
      world.snapshot = { ...action.snapshot, status: taken(action.snapshot, action.line, world.now) };
      return {};
    case 'noteSnapshot':
      world.snapshot = { ...action.snapshot, status: pending(action.snapshot, action.note, world.now) };
      return {};
    case 'failSnapshot':
      world.snapshot = { ...action.snapshot, status: failed(action.snapshot, action.failure, world.now) };
      return {};
    case 'dropSnapshot':
      world.snapshot = undefined;
      return {};
    case 'undertakeCancel':
      return { cancelling: true };
    case 'followMaking':
      return { task: { upid: action.upid, type: 'qmclone', node: 'n1' } };
    case 'cancelTask':
      if (world.task) world.task.ends = { succeeded: false, message: 'interrupted by signal', effect: () => {} };
      return {};
  }
}

/** As Proxmox does: the machine is off unless the snapshot holds memory, and only its description stays as it is. */
function rolledBack(world: World, { spec }: VmOperation): void {
  if (spec.type !== 'Rollback' || !world.machine || !world.snapshotConfig) return;
  const { description, digest } = world.machine.config;
  world.machine.config = { ...world.snapshotConfig, description, digest: `${digest}r` };
  setPower(world, world.snapshots?.[0]?.memory ? 'Running' : 'Stopped');
}

function setPower({ machine }: World, power: Power): void {
  if (machine) machine.power = power;
}

/** A configuration after a write. */
export function written(config: MachineConfig, change: ConfigChange): MachineConfig {
  const { nics = [], disks = [], cdrom, cloudInit = {}, remove = [], ...plain } = change;
  const boot = change.boot ?? config.boot;
  const changedNics = nics.map(nic => ({ ...nic, mac: nic.mac ?? 'BC:24:11:00:00:99' }));
  const keptNics = config.nics.filter(
    ({ index }) => !nics.some(nic => nic.index === index) && !remove.includes(`net${index}`),
  );
  return {
    ...config,
    ...plain,
    digest: `${config.digest}+`,
    nics: [...keptNics, ...changedNics].sort((a, b) => a.index - b.index),
    disks: [
      ...config.disks,
      ...disks.map(disk => ({ ...disk, volume: `${disk.storage}:new-${disk.serial}`, root: disk.key === boot[0] })),
    ],
    cdroms: cdrom
      ? [...config.cdroms.filter(({ key }) => key !== cdrom.key), { ...cdrom, cloudInit: false }]
      : config.cdroms,
    cloudInit: {
      ...config.cloudInit,
      ...cloudInit,
      hasPassword: config.cloudInit.hasPassword || cloudInit.password !== undefined,
    },
    startAtBoot: (change.startAtBoot ?? config.startAtBoot) && !remove.includes('onboot'),
    foreignKeys: config.foreignKeys.filter(key => !remove.includes(key)),
  };
}
