import { createVmGate } from '../auth/vm-gate.ts';
import { badParameters, died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, type Handlers, number, text, type World } from '../engine/world.ts';
import type { Section } from '../state/types.ts';
import { admitChange, checkChange } from '../vm/change.ts';
import { cloneVm } from '../vm/clone.ts';
import { CLOUDINIT_OPTIONS, renderCloudinit } from '../vm/cloudinit.ts';
import { digestOf, jsonSection, jsonValue, MASKED, vmOn, withPending } from '../vm/config.ts';
import { createVm } from '../vm/create.ts';
import { destroyVm } from '../vm/destroy.ts';
import { agentEnabled } from '../vm/guest.ts';
import { CONFIG_LOCK_MS, lockFileOf, underLock } from '../vm/lock.ts';
import { resizeDisk } from '../vm/resize.ts';
import { liveStatus } from '../vm/statistics.ts';
import { makeChange } from '../vm/update.ts';
import { taskSettled } from './task-wait.ts';

const VM = '/nodes/{node}/qemu/{vmid}';

/** A VM's existence, configuration and state. */
export const qemu: Handlers = {
  'GET /nodes/{node}/qemu': listVms,
  'POST /nodes/{node}/qemu': createVm,
  [`GET ${VM}`]: ({ world }) => foldersOf(world.release),
  [`DELETE ${VM}`]: destroyVm,
  [`GET ${VM}/config`]: readConfig,
  [`PUT ${VM}/config`]: changeNow,
  [`POST ${VM}/config`]: changeInTask,
  [`GET ${VM}/pending`]: readPending,
  [`PUT ${VM}/unlink`]: call =>
    changeNow({ ...call, params: { ...call.params, delete: call.params.idlist, idlist: undefined } }),
  [`PUT ${VM}/resize`]: resizeDisk,
  [`POST ${VM}/clone`]: cloneVm,
  [`GET ${VM}/status/current`]: currentStatus,
  [`GET ${VM}/cloudinit`]: readCloudinit,
  [`GET ${VM}/cloudinit/dump`]: ({ world, params, node }) =>
    renderCloudinit(vmOn(world, node, Number(params.vmid)), String(params.type), world),
};

const FOLDERS =
  `config cloudinit pending status unlink vncproxy termproxy migrate resize move rrd rrddata monitor agent snapshot
  spiceproxy sendkey firewall mtunnel remote_migrate`.split(/\s+/);

function foldersOf(release: string): { subdir: string }[] {
  const names = release === '8.4' ? FOLDERS : [...FOLDERS, 'dbus-vmstate'];
  return names.map(subdir => ({ subdir }));
}

function listVms({ world, node, who, params }: Call): unknown[] {
  const visible = createVmGate(world, who.authid, ['VM.Audit']);
  return Object.values(world.state.vms)
    .filter(vm => vm.node === node && visible(vm.vmid))
    .map(vm => {
      const status = liveStatus(world, vm, flag(params, 'full'));
      return status;
    });
}

function readConfig({ world, node, params }: Call): Record<string, unknown> {
  const snapshot = text(params, 'snapshot');
  const current = flag(params, 'current');
  if (snapshot !== undefined && current) {
    const words = "cannot use 'snapshot' parameter with 'current'";
    throw badParameters({ snapshot: words, current: words });
  }
  const { config } = vmOn(world, node, Number(params.vmid));
  const section =
    snapshot === undefined ? (current ? config.current : withPending(config)) : config.snapshots[snapshot];
  if (section === undefined) throw died(`snapshot '${snapshot}' does not exist`);
  return { ...jsonSection(world, masked(section)), digest: digestOf(config) };
}

function masked(section: Section): Section {
  return section.cipassword === undefined ? section : { ...section, cipassword: MASKED };
}

/** PUT config: the caller waits for the lock and for all that the change takes. */
function* changeNow(call: Call): Steps<null> {
  const { world, process } = call;
  const change = checkChange(call);
  return yield* underLock(world, process, change.vmid, function* () {
    const vm = admitChange(world, change);
    yield* makeChange(world, vm, change, () => {});
    return null;
  });
}

/** POST config: the same checks, then a task, which inherits the lock. */
function* changeInTask(call: Call): Steps<string | null> {
  const { world, node, who, params, process } = call;
  const change = checkChange(call);
  const lock = yield* world.locks.acquire(process, lockFileOf(change.vmid), 'exclusive', CONFIG_LOCK_MS);
  const vm = admitChange(world, change);
  const order = { node, type: 'qmconfig', id: String(change.vmid), authid: who.authid };
  const upid = world.tasks.fork(order, worker => makeChange(world, vm, change, worker.log));
  const worker = world.tasks.processOf(upid);
  if (worker !== undefined) lock.handOver(worker);
  const delay = number(params, 'background_delay');
  return delay === undefined ? upid : yield* settled(world, upid, change.vmid, delay * 1000);
}

/** With `background_delay`, null if the task is done by then; its error is the call's. */
function* settled(world: World, upid: string, vmid: number, ms: number): Steps<string | null> {
  const status = yield* taskSettled(world, upid, ms);
  if (status === undefined) return upid;
  if (status !== 'OK' && !status.startsWith('WARNINGS')) throw died(`failed to update VM ${vmid}: ${status}`);
  return null;
}

function readPending({ world, node, params }: Call): unknown[] {
  const { config } = vmOn(world, node, Number(params.vmid));
  const current = masked(config.current);
  const pending =
    config.pending.cipassword === undefined ? config.pending : { ...config.pending, cipassword: `${MASKED.slice(2)} ` };
  const removal = (key: string) => (config.pendingDelete[key] === 'force' ? 2 : 1);
  const known = Object.entries(current).map(([key, value]) => ({
    key,
    value: jsonValue(world, key, value),
    ...(pending[key] === undefined ? {} : { pending: jsonValue(world, key, pending[key]) }),
    ...(config.pendingDelete[key] === undefined ? {} : { delete: removal(key) }),
  }));
  const added = Object.entries(pending)
    .filter(([key]) => current[key] === undefined)
    .map(([key, value]) => ({ key, pending: jsonValue(world, key, value) }));
  return [...known, ...added, { key: 'digest', value: digestOf(config) }];
}

function currentStatus({ world, node, params }: Call): Record<string, unknown> {
  const vm = vmOn(world, node, Number(params.vmid));
  const status = liveStatus(world, vm, true);
  const ha = world.state.ha[`vm:${vm.vmid}`];
  status.ha = ha === undefined ? { managed: 0 } : { managed: 1, group: ha.group ?? null, state: null };
  const { vga } = vm.config.current;
  if (vga !== undefined) {
    if (/^(?:type=)?(?:virtio|qxl)/.test(vga)) status.spice = 1;
    status.clipboard = /clipboard=(\w+)/.exec(vga)?.[1] ?? null;
  }
  if (agentEnabled(vm)) status.agent = 1;
  return status;
}

function readCloudinit({ world, node, params }: Call): unknown[] {
  const { current, cloudinit } = vmOn(world, node, Number(params.vmid)).config;
  const { added = '', ...recorded } = cloudinit;
  const shown = (key: string, value: string | undefined) => (key === 'cipassword' ? MASKED : value);
  const news = added.split(',').filter(key => key !== '');
  const items: unknown[] = news.map(key => ({ key, pending: shown(key, current[key]) }));
  for (const key of CLOUDINIT_OPTIONS) {
    if (current[key] === undefined || news.includes(key)) continue;
    const value = shown(key, current[key]);
    items.push(
      recorded[key] === undefined ? { key, value } : { key, value: shown(key, recorded[key]), pending: value },
    );
  }
  const gone = Object.keys(recorded).filter(key => current[key] === undefined);
  return [...items, ...gone.map(key => ({ key, delete: 1 }))];
}
