/** The file of facts of a route: that of its longest prefix. */
const AREAS: Record<string, string> = {
  '/access': 'access',
  '/version': 'cluster',
  '/cluster': 'cluster',
  '/cluster/acme': 'datacenter',
  '/cluster/backup': 'datacenter',
  '/cluster/bulk-action': 'datacenter',
  '/cluster/ceph': 'ceph',
  '/cluster/firewall': 'firewall',
  '/cluster/ha': 'ha',
  '/cluster/jobs': 'datacenter',
  '/cluster/mapping': 'datacenter',
  '/cluster/metrics': 'datacenter',
  '/cluster/notifications': 'notifications',
  '/cluster/sdn': 'sdn',
  '/nodes': 'nodes',
  '/nodes/{node}/ceph': 'ceph',
  '/nodes/{node}/disks': 'hardware',
  '/nodes/{node}/firewall': 'firewall',
  '/nodes/{node}/hardware': 'hardware',
  '/nodes/{node}/lxc': 'lxc',
  '/nodes/{node}/qemu': 'qemu',
  '/nodes/{node}/qemu/{vmid}/agent': 'agent',
  '/nodes/{node}/qemu/{vmid}/firewall': 'firewall',
  '/nodes/{node}/scan': 'hardware',
  '/nodes/{node}/sdn': 'sdn',
  '/nodes/{node}/storage': 'storage',
  '/pools': 'storage',
  '/storage': 'storage',
};

/** The name of each file. */
export const areaNames: readonly string[] = [...new Set(Object.values(AREAS))];

/** The file that states the routes of a path. */
export function areaOf(path: string): string {
  const prefixes = Object.keys(AREAS).filter(prefix => path === prefix || path.startsWith(`${prefix}/`));
  const longest = prefixes.sort((a, b) => b.length - a.length)[0];
  if (!longest) throw new Error(`no area for ${path}`);
  return AREAS[longest] ?? '';
}
