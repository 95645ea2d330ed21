import type { VirtualMachine } from '#api/kinds.ts';
import { type Attention, attentionOf, type State, stateOf } from '../machine/state.ts';
import { mib } from '../quota/meters.ts';

/** What a list can be sorted by. */
export const columns = ['name', 'state', 'team', 'cpu', 'memory', 'vmid', 'age'] as const;

export type Column = (typeof columns)[number];

/** Groups of states that people look for. */
export const groups = ['all', 'attention', 'running', 'stopped', 'working'] as const;

export type Group = (typeof groups)[number];

/** What of the list is shown, and in which order; it stands in the link. */
export interface ListView {
  search: string;
  group: Group;
  /** Namespace, or '' for all. */
  team: string;
  sort: Column;
  descending: boolean;
}

const isOneOf = <T extends string>(values: readonly T[], value: string | null): value is T =>
  (values as readonly (string | null)[]).includes(value);

/** Reads the view from the link's query. What it does not know is left out. Pure. */
export function viewOf(query: string): ListView {
  const params = new URLSearchParams(query);
  const group = params.get('show');
  const sort = params.get('sort');
  const column = sort?.replace(/^-/, '') ?? null;
  return {
    search: (params.get('q') ?? '').slice(0, 100),
    group: isOneOf(groups, group) ? group : 'all',
    team: params.get('team') ?? '',
    sort: isOneOf(columns, column) ? column : 'name',
    descending: sort?.startsWith('-') ?? false,
  };
}

/** The query of a link to a view; empty for the usual one. Pure. */
export function queryOf({ search, group, team, sort, descending }: ListView): string {
  const params = new URLSearchParams();
  if (search) params.set('q', search);
  if (group !== 'all') params.set('show', group);
  if (team) params.set('team', team);
  if (sort !== 'name' || descending) params.set('sort', `${descending ? '-' : ''}${sort}`);
  return params.toString();
}

/** A machine with what the list shows of it. */
export interface Row {
  machine: VirtualMachine;
  key: string;
  namespace: string;
  name: string;
  state: State;
  attention: Attention | undefined;
  memoryMiB: number;
  diskMiB: number;
}

const made = new WeakMap<VirtualMachine, Row>();

/** The row of a machine; an object that did not change keeps its row. */
export function rowOf(machine: VirtualMachine): Row {
  const known = made.get(machine);
  if (known) return known;
  const { namespace = '', name } = machine.metadata;
  const row: Row = {
    machine,
    key: `${namespace}/${name}`,
    namespace,
    name,
    state: stateOf(machine),
    attention: attentionOf(machine),
    memoryMiB: mib(machine.spec.resources.memory),
    diskMiB: machine.spec.disks.reduce((sum, { size }) => sum + mib(size), 0),
  };
  made.set(machine, row);
  return row;
}

const inGroup: Record<Group, (row: Row) => boolean> = {
  all: () => true,
  attention: ({ attention }) => attention !== undefined,
  running: ({ state }) => state === 'Running',
  stopped: ({ state }) => state === 'Stopped' || state === 'Suspended' || state === 'Paused',
  working: ({ state }) => ['Starting', 'Stopping', 'Creating', 'Changing', 'Waiting', 'Deleting'].includes(state),
};

/** How many rows each group has, of those that the rest of the view shows. Pure. */
export function groupCounts(rows: readonly Row[], view: ListView): Record<Group, number> {
  const candidates = rows.filter(row => matches(row, view));
  return Object.fromEntries(groups.map(group => [group, candidates.filter(inGroup[group]).length])) as Record<
    Group,
    number
  >;
}

/** The rows that a view shows, in its order. Pure. */
export function shown(rows: readonly Row[], view: ListView): Row[] {
  const found = rows.filter(row => matches(row, view) && inGroup[view.group](row));
  const direction = view.descending ? -1 : 1;
  return found.sort((a, b) => direction * compare(a, b, view.sort) || byName(a, b));
}

function matches({ machine, name, namespace }: Row, { search, team }: ListView): boolean {
  if (team && namespace !== team) return false;
  const wanted = search.trim().toLowerCase();
  if (!wanted) return true;
  const { spec, status } = machine;
  return (
    name.includes(wanted) ||
    String(status?.vmid ?? '').includes(wanted) ||
    (spec.hostname?.includes(wanted) ?? false) ||
    (spec.tags?.some(tag => tag.includes(wanted)) ?? false)
  );
}

const collator = new Intl.Collator('en', { numeric: true });
const byName = (a: Row, b: Row) => collator.compare(a.name, b.name) || collator.compare(a.namespace, b.namespace);

function compare(a: Row, b: Row, column: Column): number {
  const { machine: m } = a;
  const { machine: n } = b;
  switch (column) {
    case 'name':
      return byName(a, b);
    case 'state':
      return a.state < b.state ? -1 : a.state > b.state ? 1 : 0;
    case 'team':
      return collator.compare(a.namespace, b.namespace);
    case 'cpu':
      return m.spec.resources.cpu - n.spec.resources.cpu;
    case 'memory':
      return a.memoryMiB - b.memoryMiB;
    case 'vmid':
      return (m.status?.vmid ?? Number.MAX_SAFE_INTEGER) - (n.status?.vmid ?? Number.MAX_SAFE_INTEGER);
    case 'age': {
      // Youngest first, as the column shows how old a machine is.
      const [x = '', y = ''] = [m.metadata.creationTimestamp, n.metadata.creationTimestamp];
      return x > y ? -1 : x < y ? 1 : 0;
    }
  }
}
