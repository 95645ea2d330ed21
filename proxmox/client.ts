import { type AgentCalls, agentCalls } from './agent.ts';
import { createAsk } from './ask.ts';
import { type ChartCalls, chartCalls } from './charts.ts';
import { type ClusterCalls, clusterCalls } from './cluster.ts';
import { type SnapshotCalls, snapshotCalls } from './snapshots.ts';
import { type TaskCalls, taskCalls } from './tasks.ts';
import type { Transport } from './transport.ts';
import { type VmCalls, vmCalls } from './vms.ts';

/** The part of the Proxmox VE API that Berth uses, typed. */
export interface ProxmoxClient extends ClusterCalls, VmCalls, SnapshotCalls, TaskCalls, AgentCalls, ChartCalls {}

/** Binds the client to a cluster. Holds no state: nothing is cached, nothing is retried. */
export function createProxmoxClient(transport: Transport): ProxmoxClient {
  const ask = createAsk(transport);
  return {
    ...clusterCalls(ask),
    ...vmCalls(ask),
    ...snapshotCalls(ask),
    ...taskCalls(ask),
    ...agentCalls(ask),
    ...chartCalls(ask),
  };
}
