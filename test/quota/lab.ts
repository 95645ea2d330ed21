import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type VirtualMachine, type VmQuota, virtualMachines, vmQuotas } from '#api/kinds.ts';
import type { VmQuotaSpec } from '#api/vm-quota.ts';
import { vmidRange } from '#cli/demo/proxmox.ts';
import { connectProxmox, type Stage, setStage } from '#cli/demo/stage.ts';
import { freshNamespace, sharedControlPlane } from '../control-plane/shared.ts';
import { eventually } from '../eventually.ts';

/** A real API server, a simulated Proxmox VE, and operators as processes of their own. */
export interface Lab extends Stage {
  /** VMIDs of Berth that Proxmox has, half-made ones included. */
  inProxmox: () => number[];
  /** The most of them at any time since the last `watchMost`, looked at after every call that Proxmox answered. */
  most: () => number;
  watchMost: () => void;
}

/** Sets it all up; an operator is yet to be started. */
export async function quotaLab(): Promise<Lab> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-quota-'));
  const { signal } = new AbortController();
  const controlPlane = await sharedControlPlane();
  const stage = await setStage({ dir, env: process.env, signal, log: console.error, controlPlane });
  const { proxmox, kubectl } = stage;
  const inProxmox = () =>
    Object.values(proxmox.simulator.state.vms).flatMap(({ vmid }) =>
      vmid >= vmidRange.start && vmid <= vmidRange.end ? [vmid] : [],
    );
  let most = 0;
  proxmox.intercept = async (_request, answer) => {
    const answered = await answer();
    most = Math.max(most, inProxmox().length);
    return answered;
  };
  await connectProxmox(stage, dir);
  await kubectl('apply', '-f', 'examples/10-templates.yaml');
  const close = async () => {
    await stage.close();
    await kubectl('delete', '-f', 'examples/10-templates.yaml', '--ignore-not-found');
    await kubectl('delete', 'proxmoxcluster', 'lab', '--ignore-not-found');
    await rm(dir, { recursive: true, force: true });
  };
  const watchMost = () => {
    most = inProxmox().length;
  };
  return { ...stage, close, inProxmox, most: () => most, watchMost };
}

/** A namespace with a quota; its ledger is for the operator to begin. */
export async function quotaNamespace({ kube, controlPlane }: Lab, spec: VmQuotaSpec): Promise<string> {
  const namespace = await freshNamespace(controlPlane, 'quota');
  await kube.create<VmQuota>(vmQuotas, { metadata: { namespace, name: 'default' }, spec });
  return namespace;
}

/** Deletes a namespace and waits until it is gone. */
export async function removeNamespace({ kubectl, kube }: Lab, namespace: string): Promise<void> {
  await kubectl('delete', 'namespace', namespace, '--wait=false');
  await eventually(async () => {
    const { items } = await kube.list<VirtualMachine>(virtualMachines, { namespace });
    if (items.length > 0) throw new Error(`${items.length} machines are left: ${items[0]?.status?.printableStatus}`);
  });
}
