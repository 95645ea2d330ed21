import { died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import type { Call, Handlers } from '../engine/world.ts';
import { required, text } from '../engine/world.ts';
import { splitVolid } from '../storage/layout.ts';
import { findVolume, hasFeature, isOnNode } from '../storage/volumes.ts';
import { demandSnippets, regenerateCloudinit } from '../vm/cloudinit.ts';
import { checkLock, jsonSection, vmOn } from '../vm/config.ts';
import { monitor, openScreen, openSpice, openTerminal, sendKey, upgradeConsole } from '../vm/console.ts';
import { drivesOf, isCdrom } from '../vm/drives.ts';
import { underLock } from '../vm/lock.ts';
import { migrateVm, migrationPreconditions } from '../vm/migrate.ts';
import { moveDisk } from '../vm/move-disk.ts';
import { rollback } from '../vm/rollback.ts';
import { createSnapshot } from '../vm/snapshot-create.ts';
import { deleteSnapshot } from '../vm/snapshot-delete.ts';
import { listSnapshots, snapshotSection } from '../vm/snapshots.ts';
import { resumeVm, suspendVm } from '../vm/suspend.ts';
import { convertToTemplate } from '../vm/template.ts';

import { vmCharts } from './charts.ts';
import { memberNodes } from './resources.ts';

const VM = '/nodes/{node}/qemu/{vmid}';
const SNAPSHOT = `${VM}/snapshot/{snapname}`;

/** What is done to a VM besides its configuration and power. */
export const qemuOperations: Handlers = {
  [`GET ${VM}/snapshot`]: listSnapshots,
  [`POST ${VM}/snapshot`]: createSnapshot,
  [`GET ${SNAPSHOT}`]: () => [{ cmd: 'rollback' }, { cmd: 'config' }],
  [`DELETE ${SNAPSHOT}`]: deleteSnapshot,
  [`GET ${SNAPSHOT}/config`]: ({ world, node, params }) =>
    jsonSection(world, snapshotSection(vmOn(world, node, Number(params.vmid)), required(params, 'snapname'))),
  [`PUT ${SNAPSHOT}/config`]: describeSnapshot,
  [`POST ${SNAPSHOT}/rollback`]: rollback,
  [`POST ${VM}/status/suspend`]: suspendVm,
  [`POST ${VM}/status/resume`]: resumeVm,
  [`POST ${VM}/template`]: convertToTemplate,
  [`POST ${VM}/move_disk`]: moveDisk,
  [`GET ${VM}/migrate`]: migrationPreconditions,
  [`POST ${VM}/migrate`]: migrateVm,
  [`GET ${VM}/feature`]: feature,
  [`PUT ${VM}/cloudinit`]: regenerate,
  [`GET ${VM}/rrddata`]: vmCharts,
  [`POST ${VM}/vncproxy`]: openScreen,
  [`POST ${VM}/termproxy`]: openTerminal,
  [`GET ${VM}/vncwebsocket`]: upgradeConsole,
  [`POST ${VM}/spiceproxy`]: openSpice,
  [`POST ${VM}/monitor`]: monitor,
  [`PUT ${VM}/sendkey`]: sendKey,
};

function* describeSnapshot({ world, node, params, process }: Call): Steps<null> {
  const vmid = Number(params.vmid);
  const description = text(params, 'description');
  if (description === undefined) return null;
  return yield* underLock(world, process, vmid, () => {
    const vm = vmOn(world, node, vmid);
    checkLock(vm);
    snapshotSection(vm, required(params, 'snapname')).description = description;
    return null;
  });
}

function* regenerate({ world, node, params, process }: Call): Steps<null> {
  const vmid = Number(params.vmid);
  return yield* underLock(world, process, vmid, () => {
    const vm = vmOn(world, node, vmid);
    checkLock(vm);
    demandSnippets(world, vm);
    regenerateCloudinit(vm);
    return null;
  });
}

function feature({ world, node, params }: Call): Record<string, unknown> {
  const vm = vmOn(world, node, Number(params.vmid));
  const snapname = text(params, 'snapname');
  const section = snapname === undefined ? vm.config.current : vm.config.snapshots[snapname];
  if (section === undefined) throw died(`snapshot '${snapname}' does not exist`);
  const disks = drivesOf(world.release, section).filter(drive => !isCdrom(drive));
  const wanted = required(params, 'feature') as 'snapshot' | 'clone' | 'copy';
  const has = disks.every(drive => {
    const found = findVolume(world, node, drive.file);
    return found !== undefined && hasFeature(found, wanted, snapname);
  });
  const local = disks.some(drive => world.state.storages[splitVolid(drive.file)?.storage ?? '']?.shared !== true);
  const nodes = memberNodes(world).filter(({ name }) => name === node || !local);
  const reachable = nodes.filter(({ name }) =>
    Object.values(world.state.storages).some(storage => isOnNode(storage, name)),
  );
  return { hasFeature: has ? 1 : 0, nodes: reachable.map(({ name }) => name) };
}
