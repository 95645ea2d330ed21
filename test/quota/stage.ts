import { type VirtualMachine, type VmQuota, vmQuotas } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { VmQuotaSpec } from '#api/vm-quota.ts';
import { virtualMachine } from '#operator/core/testing/fixtures.ts';
import { freshNamespace } from '../control-plane/shared.ts';
import { type Installed, installed } from '../operator/installed.ts';
import { type Identity, impersonator, type Person } from './as.ts';

/** The control plane with everything of the chart that concerns tenants. */
export interface Stage extends Installed {
  as: (identity: Identity) => Person;
  /** Takes the policies away again: other tests of the run do without. */
  dismantle: () => Promise<void>;
}

/** Installs CRDs, roles and policies, and waits until the policies are in force. */
export async function tenantStage(): Promise<Stage> {
  const world = await installed();
  await world.kubectl('apply', '-f', 'charts/berth/rbac/roles.yaml', '-f', 'charts/berth/policies/');
  const as = impersonator(world.controlPlane);
  const unlabelled = await freshNamespace(world.controlPlane, 'unlabelled');
  const admin = as({ user: 'admin', group: 'system:masters' });
  // The API server takes policies up by a watch.
  for (;;) {
    const { status } = await admin('POST', `${machinesPath(unlabelled)}?dryRun=All`, machine(unlabelled, 'probe'));
    if (status === 403) break;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return { ...world, as, dismantle: async () => void (await world.kubectl('delete', '-f', 'charts/berth/policies/')) };
}

/** The path of a namespace's machines. */
export const machinesPath = (namespace: string): string =>
  `/apis/berth.dev/v1alpha1/namespaces/${namespace}/virtualmachines`;

/** A machine to post. */
export const machine = (namespace: string, name: string, spec: Partial<VirtualMachineSpec> = {}): VirtualMachine => ({
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'VirtualMachine',
  metadata: { namespace, name },
  spec: virtualMachine(spec).spec,
});

/** An operation on the machine `present` to post. */
export const operation = (namespace: string, name: string, requester: string, type = 'Restart') => ({
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'VmOperation',
  metadata: { namespace, name },
  spec: { vmName: 'present', requester, type },
});

/** A snapshot of the machine `present` to post. */
export const snapshot = (namespace: string, name: string, vmName = 'present') => ({
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'VmSnapshot',
  metadata: { namespace, name },
  spec: { vmName },
});

/** A console of the machine `present` to post. The API server adds the group of everybody who has logged in. */
export const consoleSession = (namespace: string, name: string, requester: string, groups: string[] = []) => ({
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'ConsoleSession',
  metadata: { namespace, name },
  spec: {
    vmName: 'present',
    type: 'VNC',
    mode: 'ViewOnly',
    requester,
    requesterGroups: [...groups, 'system:authenticated'],
    challenge: 'A'.repeat(43),
  },
});

/** Makes a namespace that is a tenant; `members` are names of users by the name of a role. */
export async function tenant(stage: Installed, members: Record<string, string> = {}): Promise<string> {
  const namespace = await freshNamespace(stage.controlPlane, 'tenant');
  await stage.kubectl('label', 'namespace', namespace, `berth.dev/tenant=${namespace}`);
  for (const [role, user] of Object.entries(members)) {
    await stage.kubectl('-n', namespace, 'create', 'rolebinding', role, `--clusterrole=${role}`, `--user=${user}`);
  }
  return namespace;
}

/** Makes the VmQuota of a namespace, with a ledger that is empty unless `seeded` is false. */
export async function quotaIn(stage: Installed, namespace: string, spec: VmQuotaSpec, seeded = true): Promise<void> {
  const quota = await stage.kube.create<VmQuota>(vmQuotas, { metadata: { namespace, name: 'default' }, spec });
  if (seeded) await stage.kube.replaceStatus(vmQuotas, { ...quota, status: { allocations: [] } });
}
