import type { Call } from './call.ts';
import { ProxmoxError } from './errors.ts';
import type { ParamValue } from './form.ts';
import { settableKeys } from './settable.ts';

interface CallSpec {
  method: Call['method'];
  route: string;
  params: readonly string[];
}

/**
 * Every call that this client can make, and every parameter: nothing else leaves it. A test holds the table against the
 * API's own schema, of 8.4 and of 9.
 */
export const calls = {
  version: { method: 'GET', route: '/version', params: [] },
  permissions: { method: 'GET', route: '/access/permissions', params: ['path'] },
  clusterStatus: { method: 'GET', route: '/cluster/status', params: [] },
  resources: { method: 'GET', route: '/cluster/resources', params: [] },
  pools: { method: 'GET', route: '/pools', params: ['poolid', 'type'] },
  createPool: { method: 'POST', route: '/pools', params: ['poolid', 'comment'] },
  joinPool: { method: 'PUT', route: '/pools', params: ['poolid', 'vms', 'allow-move'] },
  removePool: { method: 'DELETE', route: '/pools', params: ['poolid'] },
  nextId: { method: 'GET', route: '/cluster/nextid', params: ['vmid'] },
  networks: { method: 'GET', route: '/nodes/{node}/network', params: ['type'] },
  storages: { method: 'GET', route: '/nodes/{node}/storage', params: ['content', 'enabled'] },
  volumes: { method: 'GET', route: '/nodes/{node}/storage/{storage}/content', params: ['content'] },

  vms: { method: 'GET', route: '/nodes/{node}/qemu', params: [] },
  vmConfig: { method: 'GET', route: '/nodes/{node}/qemu/{vmid}/config', params: ['current', 'snapshot'] },
  vmPending: { method: 'GET', route: '/nodes/{node}/qemu/{vmid}/pending', params: [] },
  vmStatus: { method: 'GET', route: '/nodes/{node}/qemu/{vmid}/status/current', params: [] },
  vmChart: { method: 'GET', route: '/nodes/{node}/qemu/{vmid}/rrddata', params: ['timeframe', 'cf'] },
  clone: {
    method: 'POST',
    route: '/nodes/{node}/qemu/{vmid}/clone',
    params: ['newid', 'name', 'description', 'full', 'target', 'pool', 'storage'],
  },
  create: { method: 'POST', route: '/nodes/{node}/qemu', params: ['vmid', 'pool', ...settableKeys] },
  configure: {
    method: 'PUT',
    route: '/nodes/{node}/qemu/{vmid}/config',
    params: ['digest', 'delete', ...settableKeys],
  },
  resize: { method: 'PUT', route: '/nodes/{node}/qemu/{vmid}/resize', params: ['disk', 'size', 'digest'] },
  start: { method: 'POST', route: '/nodes/{node}/qemu/{vmid}/status/start', params: [] },
  stop: { method: 'POST', route: '/nodes/{node}/qemu/{vmid}/status/stop', params: ['overrule-shutdown'] },
  shutdown: { method: 'POST', route: '/nodes/{node}/qemu/{vmid}/status/shutdown', params: ['timeout', 'forceStop'] },
  suspend: { method: 'POST', route: '/nodes/{node}/qemu/{vmid}/status/suspend', params: [] },
  resume: { method: 'POST', route: '/nodes/{node}/qemu/{vmid}/status/resume', params: [] },
  reboot: { method: 'POST', route: '/nodes/{node}/qemu/{vmid}/status/reboot', params: ['timeout'] },
  reset: { method: 'POST', route: '/nodes/{node}/qemu/{vmid}/status/reset', params: [] },
  screen: { method: 'POST', route: '/nodes/{node}/qemu/{vmid}/vncproxy', params: ['websocket'] },
  terminal: { method: 'POST', route: '/nodes/{node}/qemu/{vmid}/termproxy', params: [] },
  snapshots: { method: 'GET', route: '/nodes/{node}/qemu/{vmid}/snapshot', params: [] },
  takeSnapshot: {
    method: 'POST',
    route: '/nodes/{node}/qemu/{vmid}/snapshot',
    params: ['snapname', 'description', 'vmstate'],
  },
  deleteSnapshot: { method: 'DELETE', route: '/nodes/{node}/qemu/{vmid}/snapshot/{snapname}', params: ['force'] },
  rollback: { method: 'POST', route: '/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback', params: [] },
  destroy: { method: 'DELETE', route: '/nodes/{node}/qemu/{vmid}', params: ['purge', 'destroy-unreferenced-disks'] },

  guestInterfaces: { method: 'GET', route: '/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces', params: [] },
  guestSystem: { method: 'GET', route: '/nodes/{node}/qemu/{vmid}/agent/get-osinfo', params: [] },
  guestHostName: { method: 'GET', route: '/nodes/{node}/qemu/{vmid}/agent/get-host-name', params: [] },
  guestInfo: { method: 'GET', route: '/nodes/{node}/qemu/{vmid}/agent/info', params: [] },

  tasks: {
    method: 'GET',
    route: '/nodes/{node}/tasks',
    params: ['source', 'vmid', 'typefilter', 'since', 'limit'],
  },
  taskStatus: { method: 'GET', route: '/nodes/{node}/tasks/{upid}/status', params: [] },
  taskLog: { method: 'GET', route: '/nodes/{node}/tasks/{upid}/log', params: ['limit'] },
  cancelTask: { method: 'DELETE', route: '/nodes/{node}/tasks/{upid}', params: [] },
} as const satisfies Record<string, CallSpec>;

/** The name of a call in {@link calls}. */
export type CallName = keyof typeof calls;

type Slot<Route extends string> = Route extends `${string}{${infer Name}}${infer Rest}` ? Name | Slot<Rest> : never;

/** What fills the placeholders of a call's route. */
export type PathValues<Name extends CallName> = Readonly<Record<Slot<(typeof calls)[Name]['route']>, string | number>>;

/** The parameters that a call may have. */
export type CallParams<Name extends CallName> = {
  readonly [Param in (typeof calls)[Name]['params'][number]]?: ParamValue | undefined;
};

/**
 * The path of a call. @throws ProxmoxError `invalid` for a value that would lead elsewhere: empty, `.` or `..`, which
 * escaping does not change.
 */
export function pathOf<Name extends CallName>(name: Name, values: PathValues<Name>): string {
  const { method, route } = calls[name];
  const filled = new Map<string, string | number>(Object.entries(values));
  return route.replace(/\{(\w+)\}/g, (_, slot: string) => {
    const value = String(filled.get(slot) ?? '');
    if (!['', '.', '..'].includes(value)) return encodeURIComponent(value);
    const reason = `${JSON.stringify(value)} is no ${slot}`;
    throw new ProxmoxError({ kind: 'invalid', method, path: route, status: 0, reason });
  });
}
