import { randomBytes } from 'node:crypto';
import { type VirtualMachine, type VmQuota, vmQuotas } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { VmQuotaSpec } from '#api/vm-quota.ts';
import { policiesHeeded } from '#cli/demo/policies-heeded.ts';
import { namespaces } from '#kube/builtin.ts';
import { virtualMachine } from '#operator/core/testing/fixtures.ts';
import { untilAllowed } from '../control-plane/rights.ts';
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
  const { kube, kubectl } = world;
  await kubectl('apply', '-f', 'charts/berth/rbac/roles.yaml', '-f', 'charts/berth/policies/');
  await policiesHeeded(kube);
  const dismantle = async () => {
    await kubectl('delete', '-f', 'charts/berth/policies/');
    await policiesHeeded(kube);
  };
  return { ...world, as: impersonator(world.controlPlane), dismantle };
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

/** Makes a namespace that is a tenant; `members` are names of users by the name of a role, who have it at once. */
export async function tenant(stage: Installed, members: Record<string, string> = {}): Promise<string> {
  const namespace = `tenant-${randomBytes(4).toString('hex')}`;
  // With its label from the start: the API server may still know the namespace without one that comes later.
  const labels = { 'berth.dev/tenant': namespace };
  await stage.kube.create(namespaces, { metadata: { name: namespace, labels } });
  for (const [role, user] of Object.entries(members)) {
    await stage.kubectl('-n', namespace, 'create', 'rolebinding', role, `--clusterrole=${role}`, `--user=${user}`);
    await untilAllowed(stage.kube, { user, verb: 'get', resource: 'virtualmachines', namespace });
  }
  return namespace;
}

/** Makes the VmQuota of a namespace, with a ledger that is empty unless `seeded` is false. */
export async function quotaIn(stage: Installed, namespace: string, spec: VmQuotaSpec, seeded = true): Promise<void> {
  const quota = await stage.kube.create<VmQuota>(vmQuotas, { metadata: { namespace, name: 'default' }, spec });
  if (seeded) await stage.kube.replaceStatus(vmQuotas, { ...quota, status: { allocations: [] } });
}
