import { randomUUID } from 'node:crypto';
import { virtualMachines } from '#api/kinds.ts';
import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';
import { namespaces } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import { formatMarker } from '#operator/core/marker.ts';
import { finalizer } from '#operator/core/steps/reserve.ts';
import { eachInParallel, machineOf } from './machines.ts';
import type { StandingVm } from './proxmox/protocol.ts';
import { firstVmid, nodes, size, templateVmid } from './proxmox/seed.ts';

type Told = [reason: string, message: string, status?: 'False'];

/** What a machine's status says of each condition when all is well, in the operator's order, which is the alphabet's. */
const told: Record<string, Told> = {
  ConfigSynced: ['UpToDate', 'The configuration is as desired.'],
  GuestAgentReady: [
    'AgentDisabled',
    'Proxmox is not to talk to a guest agent: set spec.guestAgent to Enabled.',
    'False',
  ],
  PowerSynced: ['InDesiredState', 'The power state is as desired.'],
  Provisioned: ['Cloned', 'The machine exists in Proxmox.'],
  QuotaReserved: ['Reserved', 'The quota has room for the machine.'],
  Ready: ['Synced', 'The machine is as desired.'],
  Scheduled: ['NodeSelected', 'A node and a VMID are claimed.'],
};

/**
 * Makes `count` resources as an operator has left them that made their machines long ago, and answers what Proxmox must
 * have for them. Making ten thousand machines is a matter of hours, taking them over one of seconds.
 */
export async function createStanding(kube: KubeClient, count: number): Promise<StandingVm[]> {
  const { metadata } = await kube.get(namespaces, { name: 'kube-system' });
  const clusterId = metadata.uid ?? '';
  const standing: StandingVm[] = [];
  await eachInParallel(count, async index => {
    const machine = machineOf(index);
    const made = await kube.create(virtualMachines, {
      ...machine,
      metadata: { ...machine.metadata, finalizers: [finalizer] },
    });
    const { name, namespace = '', uid = '' } = made.metadata;
    const vmid = firstVmid + index;
    const node = nodes[index % nodes.length] ?? '';
    const uuid = randomUUID();
    const key = { name, namespace };
    await kube.applyStatus(virtualMachines, { metadata: key, status: statusOf(index, uuid) }, asOperator);
    standing.push({ vmid, node, name, uuid, description: formatMarker({ clusterId, namespace, name, uid, vmid }) });
  });
  return standing;
}

const asOperator = { fieldManager: 'berth-operator', force: true };

/** The status of the machine of that index, which the operator made long ago; what it does not say the next sweep writes. */
export function statusOf(index: number, uuid: string): VirtualMachineStatus {
  const longAgo = '2026-01-01T00:00:00Z';
  const vmid = firstVmid + index;
  const onNode = index % nodes.length;
  const node = nodes[onNode] ?? '';
  const conditions = Object.entries(told).map(([type, [reason, message, status = 'True' as const]]) => ({
    type,
    status,
    reason,
    message,
    observedGeneration: 1,
    lastTransitionTime: longAgo,
  }));
  return {
    observedGeneration: 1,
    conditions,
    cluster: 'bench',
    vmid,
    node,
    uuid,
    powerState: 'Running',
    printableStatus: 'Running',
    allocation: { cpu: size.cpu, memoryMiB: size.memoryMiB },
    template: { name: `template-${onNode}`, vmid: templateVmid(onNode) },
    lastTask: {
      upid: `UPID:${node}:00000001:00000001:69000000:qmstart:${vmid}:berth@pve!operator:`,
      type: 'qmstart',
      result: 'Succeeded',
      finishedAt: longAgo,
    },
    lastStartedAt: longAgo,
    createdAt: longAgo,
  };
}
