import { type AgentCalls, agentCalls } from './agent.ts';
import { createAsk } from './ask.ts';
import { type ChartCalls, chartCalls } from './charts.ts';
import { type ClusterCalls, clusterCalls } from './cluster.ts';
import { type PoolCalls, poolCalls } from './pools.ts';
import { type SnapshotCalls, snapshotCalls } from './snapshots.ts';
import { type TaskCalls, taskCalls } from './tasks.ts';
import type { Transport } from './transport.ts';
import { type VmCalls, vmCalls } from './vms.ts';

/** The part of the Proxmox VE API that Berth uses, typed. */
export interface ProxmoxClient
  extends ClusterCalls,
    PoolCalls,
    VmCalls,
    SnapshotCalls,
    TaskCalls,
    AgentCalls,
    ChartCalls {}

/** A guest that has said nothing by then hangs; Proxmox itself waits 3 s for an agent that is not there. */
const guestTimeoutMs = 15_000;

/** Binds the client to a cluster. Holds no state: nothing is cached, nothing is retried. */
export function createProxmoxClient(transport: Transport): ProxmoxClient {
  const ask = createAsk(transport);
  const askGuest = createAsk({ request: call => transport.request({ ...call, timeoutMs: guestTimeoutMs }) });
  return {
    ...clusterCalls(ask),
    ...poolCalls(ask),
    ...vmCalls(ask),
    ...snapshotCalls(ask),
    ...taskCalls(ask),
    ...agentCalls(askGuest),
    ...chartCalls(ask),
  };
}
