import { createHash } from 'node:crypto';
import { may } from '../auth/permissions.ts';
import { badParameters, died } from '../engine/errors.ts';
import { type Call, type Handlers, seconds, text, type World } from '../engine/world.ts';
import type { BridgeState, NodeState } from '../state/types.ts';
import { memberNodes, nodeStatistics } from './resources.ts';

/** /version, /nodes and what concerns a node itself. */
export const nodes: Handlers = {
  'GET /': () => ['version', 'cluster', 'nodes', 'storage', 'access', 'pools'].map(subdir => ({ subdir })),
  'GET /version': ({ world }) => VERSIONS[world.release],
  'GET /nodes': listNodes,
  'GET /nodes/{node}': ({ world }) => (world.release === '8.4' ? FOLDERS : FOLDERS).map(name => ({ name })),
  'GET /nodes/{node}/version': ({ world }) => VERSIONS[world.release],
  'GET /nodes/{node}/status': nodeStatus,
  'GET /nodes/{node}/time': ({ world }) => ({ timezone: 'Etc/UTC', time: seconds(world), localtime: seconds(world) }),
  'GET /nodes/{node}/dns': () => ({ search: 'example.test', dns1: '127.0.0.1' }),
  'GET /nodes/{node}/network': listNetworks,
  'GET /nodes/{node}/network/{iface}': ({ world, node, params }) => networkOf(world, node, String(params.iface)),
  'GET /nodes/{node}/config': nodeConfig,
  'PUT /nodes/{node}/config': setNodeConfig,
};

/** What /version answers, by release. */
const VERSIONS = {
  '8.4': { version: '8.4.21', release: '8.4', repoid: '2606ac850d46da29' },
  '9.2': { version: '9.2.11', release: '9.2', repoid: '6b1f0dbd5d0c1a2e' },
};

const FOLDERS =
  `aplinfo apt capabilities ceph certificates config disks dns firewall hardware hosts journal lxc migrateall netstat
  network qemu query-url-metadata replication report rrd rrddata scan services spiceshell startall status stopall
  storage subscription suspendall syslog tasks termproxy time version vncshell vzdump wakeonlan sdn`.split(/\s+/);

function listNodes({ world, who }: Call): unknown[] {
  return memberNodes(world).map(node => ({
    ...nodeStatistics(world, who, node),
    ssl_fingerprint: fingerprint(node.name),
  }));
}

/** Stands for a certificate's fingerprint; each node has its own. */
function fingerprint(node: string): string {
  const digest = createHash('sha256').update(node).digest('hex').toUpperCase();
  return digest.match(/../g)?.join(':') ?? '';
}

/** The node of the path, which is known. */
export function nodeOf(world: World, name: string): NodeState {
  const node = world.state.nodes[name];
  if (node === undefined) throw died(`no such cluster node '${name}'`);
  return node;
}

function nodeStatus({ world, node: name }: Call): Record<string, unknown> {
  const node = nodeOf(world, name);
  const told = world.state.broadcasts.nodes[name];
  const used = told?.mem ?? 0;
  const disk = told?.disk ?? 0;
  const { version, repoid } = VERSIONS[world.release];
  return {
    uptime: Math.floor((world.clock.now() - node.bootedAt) / 1000),
    cpu: told?.cpu ?? 0,
    wait: 0,
    idle: 0,
    loadavg: ['0.10', '0.08', '0.05'],
    memory: {
      total: node.memory,
      used,
      free: node.memory - used,
      ...(world.release === '8.4' ? {} : { available: node.memory - used }),
    },
    swap: { total: 0, used: 0, free: 0 },
    rootfs: { total: node.rootSize, used: disk, free: node.rootSize - disk, avail: node.rootSize - disk },
    ksm: { shared: 0 },
    pveversion: `pve-manager/${version}/${repoid}`,
    kversion: 'Linux 6.8.12-11-pve #1 SMP PREEMPT_DYNAMIC',
    'boot-info': { mode: 'legacy-bios' },
    'current-kernel': {
      sysname: 'Linux',
      release: '6.8.12-11-pve',
      version: '#1 SMP PREEMPT_DYNAMIC',
      machine: 'x86_64',
    },
    cpuinfo: {
      cpus: node.cpus,
      cores: node.cpus,
      sockets: 1,
      model: 'Simulated CPU',
      mhz: '2300.000',
      flags: 'fpu vme de pse tsc msr pae mce cx8 apic sep',
      hvm: '1',
      user_hz: 100,
    },
  };
}

const BRIDGE_TYPES = new Set(['bridge', 'any_bridge', 'any_local_bridge', 'include_sdn']);

/** Only what the caller may use or see; the interfaces below the bridges are the administrator's. */
function listNetworks(call: Call): unknown[] {
  const { world, node, params, who } = call;
  const type = text(params, 'type');
  const bridges = nodeOf(world, node).bridges.filter(
    bridge =>
      type === undefined ||
      may(world, who.authid, `/sdn/zones/localnetwork/${bridge.name}`, ['SDN.Audit', 'SDN.Use'], true),
  );
  if (type !== undefined)
    return BRIDGE_TYPES.has(type) ? bridges.map((bridge, index) => bridgeLine(bridge, index)) : [];
  const ports = bridges.flatMap(bridge => bridge.ports);
  const cards = ports.map((port, index) => ({
    iface: port,
    type: 'eth',
    method: 'manual',
    method6: 'manual',
    families: ['inet'],
    exists: 1,
    active: 1,
    priority: index + 3,
  }));
  return [...cards, ...bridges.map((bridge, index) => bridgeLine(bridge, cards.length + index))];
}

function bridgeLine(bridge: BridgeState, index: number): Record<string, unknown> {
  const [address, netmask] = bridge.address?.split('/') ?? [];
  return {
    iface: bridge.name,
    type: 'bridge',
    method: bridge.address === undefined ? 'manual' : 'static',
    method6: 'manual',
    families: ['inet'],
    active: 1,
    autostart: 1,
    priority: index + 3,
    bridge_ports: bridge.ports.join(' '),
    bridge_stp: 'off',
    bridge_fd: '0',
    ...(bridge.vlanAware ? { bridge_vlan_aware: 1, bridge_vids: '2-4094' } : {}),
    ...(address === undefined ? {} : { address, netmask, cidr: bridge.address }),
    ...(bridge.comment === undefined ? {} : { comments: `${bridge.comment}\n` }),
  };
}

function networkOf(world: World, node: string, name: string): Record<string, unknown> {
  const bridge = nodeOf(world, node).bridges.find(one => one.name === name);
  if (bridge === undefined) throw badParameters({ iface: 'interface does not exist' });
  return bridgeLine(bridge, 0);
}

function nodeConfig({ world, node }: Call): Record<string, unknown> {
  const { description } = nodeOf(world, node);
  const digest = createHash('sha1').update(description).digest('hex');
  return description === '' ? { digest } : { description, digest };
}

function setNodeConfig({ world, node, params }: Call): null {
  const description = text(params, 'description');
  if (description !== undefined) nodeOf(world, node).description = description;
  if (text(params, 'delete')?.includes('description')) nodeOf(world, node).description = '';
  return null;
}
