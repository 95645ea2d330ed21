import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type VirtualMachine, type VmOperation, virtualMachines, vmOperations } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { isReady } from '#cli/demo/machines.ts';
import { connectProxmox, type Stage, setStage } from '#cli/demo/stage.ts';
import type { VmState } from '#simulator/state/types.ts';
import { freshNamespace, sharedControlPlane } from '../control-plane/shared.ts';
import { eventually } from '../eventually.ts';

/** A real API server, a simulated Proxmox VE, an operator, and a namespace for machines. */
export interface MachineLab extends Stage {
  namespace: string;
  create: (name: string, spec?: Partial<VirtualMachineSpec>) => Promise<VirtualMachine>;
  change: (name: string, spec: object) => Promise<VirtualMachine>;
  read: (name: string) => Promise<VirtualMachine>;
  /** The machine once it is as wanted; fails with its status. */
  until: (name: string, wanted: (vm: VirtualMachine) => boolean) => Promise<VirtualMachine>;
  /** The machine once it is ready for the spec of now. */
  ready: (name: string) => Promise<VirtualMachine>;
  /** Once its guest has booted: one that boots does not hear what it is asked. */
  booted: (name: string) => Promise<VirtualMachine>;
  /** What the simulator has under a machine's VMID. */
  inProxmox: (vm: VirtualMachine) => VmState;
  operate: (name: string, vmName: string, spec?: Partial<VmOperation['spec']>) => Promise<VmOperation>;
  /** The operation once it is as wanted; fails with its status. */
  untilOperation: (name: string, wanted: (operation: VmOperation) => boolean) => Promise<VmOperation>;
}

/** Sets it all up, with the example templates. */
export async function machineLab(): Promise<MachineLab> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-machines-'));
  const { signal } = new AbortController();
  const controlPlane = await sharedControlPlane();
  const stage = await setStage({ dir, env: process.env, signal, log: console.error, controlPlane });
  const { kube, kubectl, proxmox } = stage;
  await stage.startOperator();
  await connectProxmox(stage, dir);
  await kubectl('apply', '-f', 'examples/10-templates.yaml');
  const namespace = await freshNamespace(controlPlane, 'machines');
  const read = (name: string) => kube.get<VirtualMachine>(virtualMachines, { namespace, name });
  const readOperation = (name: string) => kube.get<VmOperation>(vmOperations, { namespace, name });
  const inProxmox = ({ status }: VirtualMachine): VmState => {
    const vm = proxmox.simulator.state.vms[status?.vmid ?? 0];
    if (!vm) throw new Error(`Proxmox has no VM ${status?.vmid}`);
    return vm;
  };
  const until = (name: string, wanted: (vm: VirtualMachine) => boolean) => becomes(() => read(name), wanted);
  return {
    ...stage,
    namespace,
    read,
    until,
    create: (name, spec = {}) => kube.create(virtualMachines, { metadata: { namespace, name }, spec: small(spec) }),
    change: (name, spec) => kube.patch(virtualMachines, { namespace, name }, { spec }),
    ready: name => until(name, isReady),
    booted: name => until(name, vm => isReady(vm) && (inProxmox(vm).run?.bootedAt ?? Number.NaN) <= Date.now()),
    inProxmox,
    operate: (name, vmName, spec = {}) =>
      kube.create(vmOperations, {
        metadata: { namespace, name },
        spec: { vmName, requester: 'system:admin', type: 'Restart', ...spec } as VmOperation['spec'],
      }),
    untilOperation: (name, wanted) => becomes(() => readOperation(name), wanted),
    async close() {
      try {
        await kubectl('delete', 'namespace', namespace, '--timeout=240s');
        await kubectl('delete', 'vmtemplates,proxmoxclusters', '--all');
      } finally {
        await stage.close();
        await rm(dir, { recursive: true, force: true });
      }
    },
  };
}

/** A condition of a resource. */
export const conditionOf = ({ status }: Pick<VirtualMachine | VmOperation, 'status'>, type: string) =>
  status?.conditions?.find(found => found.type === type);

/** Waits until something is as wanted; fails with what was read last. */
const becomes = <T>(ask: () => Promise<T>, wanted: (found: T) => boolean): Promise<T> =>
  eventually(async () => {
    const found = await ask();
    if (!wanted(found)) throw new Error(`it is not as wanted: ${JSON.stringify(found, undefined, 1)}`);
    return found;
  });

const small = (spec: Partial<VirtualMachineSpec>): VirtualMachineSpec => ({
  source: { template: { name: 'debian-12', mode: 'Linked' } },
  resources: { cpu: 1, memory: '512Mi' },
  disks: [{ name: 'root', size: '2Gi' }],
  powerState: 'Running',
  deletionPolicy: 'Delete',
  ...spec,
});
