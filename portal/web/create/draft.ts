import type { VirtualMachine, VmTemplate } from '#api/kinds.ts';
import type { Catalogue, CatalogueCluster } from '#portal/api.ts';
import { mib } from '../quota/meters.ts';

/** Sizes that people pick from; a disk is never smaller than the template's own. */
export const sizes = [
  { name: 'small', cpu: 1, memoryGiB: 1, diskGiB: 10 },
  { name: 'medium', cpu: 2, memoryGiB: 4, diskGiB: 20 },
  { name: 'large', cpu: 4, memoryGiB: 8, diskGiB: 40 },
  { name: 'huge', cpu: 8, memoryGiB: 16, diskGiB: 80 },
] as const;

export type SizeName = (typeof sizes)[number]['name'] | 'custom';

/** What a person has filled in so far; numbers may be empty while they are being typed. */
export interface Draft {
  team: string;
  name: string;
  /** Whether the machine is made from `template`, or installed from `iso`. */
  from: 'template' | 'iso';
  template: string;
  iso: string;
  /** Whether what is installed from the image is Windows. */
  windows: boolean;
  size: SizeName;
  cpu: number | '';
  memoryGiB: number | '';
  diskGiB: number | '';
  description: string;
  tags: string[];
  start: boolean;
  /** '' leaves the choice to Berth. */
  cluster: string;
  storage: string;
  dataDiskGiB: number | '';
  bridge: string;
  vlan: number | '';
  hostname: string;
  user: string;
  sshKeys: string;
}

/** A form that nobody has filled in. */
export const emptyDraft: Draft = {
  team: '',
  name: '',
  from: 'template',
  template: '',
  iso: '',
  windows: false,
  size: 'medium',
  cpu: 2,
  memoryGiB: 4,
  diskGiB: 20,
  description: '',
  tags: [],
  start: true,
  cluster: '',
  storage: '',
  dataDiskGiB: '',
  bridge: '',
  vlan: '',
  hostname: '',
  user: '',
  sshKeys: '',
};

const gib = (amount: number | '') => `${amount === '' ? 0 : amount}Gi`;

const linesOf = (text: string): string[] => [
  ...new Set(
    text
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== ''),
  ),
];

/** The machine that a draft describes, as kubectl would apply it. Pure; what is left empty is not mentioned. */
export function machineOf(draft: Draft): VirtualMachine {
  const { team, name, template, iso, cpu, description, tags, cluster, storage, bridge, vlan, hostname, user } = draft;
  const installs = draft.from === 'iso';
  const windows = installs && draft.windows;
  // What Windows has drivers for by itself.
  const hardware = { ...(storage && { storage }), ...(windows && { bus: 'Sata' as const }) };
  const keys = linesOf(draft.sshKeys);
  return {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: team },
    spec: {
      ...(cluster && { clusterRef: { name: cluster } }),
      source: installs ? { iso: { name: iso } } : { template: { name: template } },
      ...(hostname && { hostname }),
      ...(description.trim() && { description: description.trim() }),
      ...(tags.length > 0 && { tags }),
      resources: { cpu: cpu === '' ? 0 : cpu, memory: gib(draft.memoryGiB) },
      disks: [
        { name: 'root', size: gib(draft.diskGiB), ...hardware },
        ...(draft.dataDiskGiB === '' ? [] : [{ name: 'data', size: gib(draft.dataDiskGiB), ...hardware }]),
      ],
      ...(bridge && {
        networks: [
          {
            name: 'lan',
            bridge,
            ...(vlan !== '' && { vlan }),
            ...(windows && { model: 'E1000' as const }),
            ...(!installs && { addresses: [{ method: 'DHCP' as const }] }),
          },
        ],
      }),
      ...(windows && { firmware: { type: 'Uefi' as const, secureBoot: 'Enabled' as const }, tpm: 'V2' as const }),
      ...(!installs &&
        (user || keys.length > 0) && {
          cloudInit: { ...(user && { user }), ...(keys.length > 0 && { sshAuthorizedKeys: keys }) },
        }),
      powerState: draft.start ? 'Running' : 'Stopped',
      deletionPolicy: 'Delete',
    },
  };
}

/** Where the field of a form is that a path of the resource belongs to. Pure. */
export function fieldOf(path: string): keyof Draft | undefined {
  const found = fieldPaths.find(([pattern]) => pattern.test(path));
  return found?.[1];
}

const fieldPaths: [RegExp, keyof Draft][] = [
  [/^metadata\.name/, 'name'],
  [/^metadata\.namespace/, 'team'],
  [/^spec\.source\.iso/, 'iso'],
  [/^spec\.source/, 'template'],
  [/^spec\.resources\.cpu/, 'cpu'],
  [/^spec\.resources\.memory/, 'memoryGiB'],
  [/^spec\.disks(\[0\]|\.0)\.storage/, 'storage'],
  [/^spec\.disks(\[1\]|\.1)/, 'dataDiskGiB'],
  [/^spec\.disks/, 'diskGiB'],
  [/^spec\.networks(\[0\]|\.0)\.vlan/, 'vlan'],
  [/^spec\.networks/, 'bridge'],
  [/^spec\.description/, 'description'],
  [/^spec\.tags/, 'tags'],
  [/^spec\.clusterRef/, 'cluster'],
  [/^spec\.hostname/, 'hostname'],
  [/^spec\.cloudInit\.user/, 'user'],
  [/^spec\.cloudInit\.ssh/, 'sshKeys'],
];

/** Fields that are folded away at first. */
export const advancedFields: ReadonlySet<keyof Draft> = new Set<keyof Draft>([
  'cluster',
  'storage',
  'dataDiskGiB',
  'bridge',
  'vlan',
  'hostname',
  'user',
  'sshKeys',
]);

/** What a form begins with: what was left in this browser, as far as it can still be had, else the first of each. Pure. */
export function begun(
  left: Draft | undefined,
  teams: readonly { name: string }[],
  { templates, clusters }: Catalogue,
): Draft {
  const draft = left ?? emptyDraft;
  const team = teams.some(({ name }) => name === draft.team) ? draft.team : (teams[0]?.name ?? '');
  const known = templates.some(({ metadata }) => metadata.name === draft.template);
  const isos = clusters.flatMap(cluster => cluster.isos.map(iso => iso.name));
  const iso = isos.includes(draft.iso) ? draft.iso : '';
  return { ...draft, team, template: known ? draft.template : '', iso, from: iso ? draft.from : 'template' };
}

/**
 * The network that a machine is offered which has none from a template: the first bridge where any VLAN will do, else
 * the first VLAN of the first bridge. Pure.
 */
export function firstNetwork(
  bridges: CatalogueCluster['bridges'],
  isolationVlan: number | undefined,
): Pick<Draft, 'bridge' | 'vlan'> {
  const found = bridges.find(({ vlans }) => vlans === undefined) ?? bridges[0];
  if (!found) return { bridge: '', vlan: '' };
  return { bridge: found.name, vlan: isolationVlan ?? found.vlans?.[0]?.from ?? '' };
}

/** The least disk of a template in GiB, where its own is known. Pure. */
export function leastDiskGiB(template: VmTemplate | undefined): number {
  const found = template?.status?.sources?.flatMap(({ rootDisk }) => (rootDisk ? [rootDisk] : [])) ?? [];
  return Math.max(1, ...found.map(size => Math.ceil(mib(size) / 1024)));
}
