import { createHash } from 'node:crypto';
import { badParameters, died } from '../engine/errors.ts';
import { type Call, type Handler, type Handlers, number, required, text } from '../engine/world.ts';
import type { FirewallState, Section } from '../state/types.ts';
import { vmOn } from '../vm/config.ts';

/** Parameters that are no part of a rule, an option or a member. */
const CONTROL = new Set(['node', 'vmid', 'pos', 'digest', 'delete', 'moveto', 'name', 'rename', 'force']);

/** Whose firewall a call is about. */
type Scope = (call: Call) => string;

const SCOPES: [string, Scope][] = [
  ['/cluster/firewall', () => 'cluster'],
  ['/nodes/{node}/firewall', ({ node }) => `node/${node}`],
  [
    '/nodes/{node}/qemu/{vmid}/firewall',
    ({ world, node, params }) => `vm/${vmOn(world, node, Number(params.vmid)).vmid}`,
  ],
];

/** The firewall files of the cluster, the nodes and the VMs: kept, but nothing is filtered by them. */
export const firewall: Handlers = Object.fromEntries(SCOPES.flatMap(([path, scope]) => routesOf(path, scope)));

function routesOf(path: string, scope: Scope): [string, Handler][] {
  const file = (call: Call): FirewallState => {
    const key = scope(call);
    call.world.state.firewall[key] ??= { options: {}, rules: [], ipsets: {}, aliases: {} };
    return call.world.state.firewall[key];
  };
  return [
    [`GET ${path}/options`, call => ({ ...numbers(file(call).options), digest: digest(file(call).options) })],
    [`PUT ${path}/options`, call => setOptions(file(call), call)],
    [`GET ${path}/rules`, call => file(call).rules.map((rule, pos) => ruleLine(file(call), rule, pos))],
    [`POST ${path}/rules`, call => addRule(file(call), call)],
    [
      `GET ${path}/rules/{pos}`,
      call => ruleLine(file(call), ruleAt(file(call), call), number(call.params, 'pos') ?? 0),
    ],
    [`PUT ${path}/rules/{pos}`, call => updateRule(file(call), call)],
    [`DELETE ${path}/rules/{pos}`, call => removeRule(file(call), call)],
    [
      `GET ${path}/ipset`,
      call => Object.keys(file(call).ipsets).map(name => ({ name, digest: digest(file(call).ipsets) })),
    ],
    [`POST ${path}/ipset`, call => addSet(file(call), call)],
    [`DELETE ${path}/ipset/{name}`, call => removeSet(file(call), call)],
    [
      `GET ${path}/ipset/{name}`,
      call => setOf(file(call), call).map(member => ({ ...member, digest: digest(setOf(file(call), call)) })),
    ],
    [`POST ${path}/ipset/{name}`, call => addMember(file(call), call)],
    [`DELETE ${path}/ipset/{name}/{cidr}`, call => removeMember(file(call), call)],
    [`GET ${path}/aliases`, call => Object.entries(file(call).aliases).map(([name, alias]) => ({ name, ...alias }))],
  ];
}

/** The digest of a part of the file; that of an empty one is the SHA-1 of nothing. */
function digest(part: object): string {
  const empty = Object.keys(part).length === 0;
  return createHash('sha1')
    .update(empty ? '' : JSON.stringify(part))
    .digest('hex');
}

function numbers(section: Section): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(section).map(([key, value]) => [key, /^[01]$/.test(value) ? Number(value) : value]),
  );
}

function given({ params }: Call): Section {
  const entries = Object.entries(params).filter(([key, value]) => !CONTROL.has(key) && value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}

const split = (list: string | undefined): string[] => (list ?? '').split(/[,;\s]+/).filter(item => item !== '');

function setOptions(file: FirewallState, call: Call): null {
  for (const key of split(text(call.params, 'delete'))) delete file.options[key];
  Object.assign(file.options, given(call));
  return null;
}

function ruleLine(file: FirewallState, rule: Section, pos: number): Record<string, unknown> {
  return { pos, ...rule, enable: Number(rule.enable ?? 0), digest: digest(file.rules) };
}

function ruleAt(file: FirewallState, { params }: Call): Section {
  const rule = file.rules[number(params, 'pos') ?? 0];
  if (rule === undefined) throw died(`no rule at position ${params.pos}`);
  return rule;
}

/** What a rule needs besides its form [PVE::Firewall::verify_rule]. */
function verifyRule(rule: Section): void {
  for (const port of ['dport', 'sport']) {
    if (rule[port] !== undefined && rule.proto === undefined) {
      throw badParameters({ proto: `missing property - '${port}' requires this property` });
    }
  }
}

function addRule(file: FirewallState, call: Call): null {
  const rule = given(call);
  verifyRule(rule);
  file.rules.unshift({ ...rule, enable: rule.enable ?? '0' });
  return null;
}

function updateRule(file: FirewallState, call: Call): null {
  const rule = ruleAt(file, call);
  const moveTo = number(call.params, 'moveto');
  if (moveTo !== undefined) {
    file.rules.splice(file.rules.indexOf(rule), 1);
    file.rules.splice(moveTo, 0, rule);
    return null;
  }
  for (const key of split(text(call.params, 'delete'))) delete rule[key];
  Object.assign(rule, given(call));
  verifyRule(rule);
  return null;
}

function removeRule(file: FirewallState, call: Call): null {
  file.rules.splice(file.rules.indexOf(ruleAt(file, call)), 1);
  return null;
}

function setOf(file: FirewallState, { params }: Call): Section[] {
  const name = required(params, 'name');
  const members = file.ipsets[name];
  if (members === undefined) throw died(`no such IPSet '${name}'`);
  return members;
}

function addSet(file: FirewallState, { params }: Call): null {
  const name = required(params, 'name');
  if (file.ipsets[name] !== undefined) throw badParameters({ name: `IPSet '${name}' already exists` });
  file.ipsets[name] = [];
  return null;
}

function removeSet(file: FirewallState, call: Call): null {
  const name = required(call.params, 'name');
  if (setOf(file, call).length > 0 && call.params.force !== 1) throw died(`IPSet '${name}' is not empty`);
  delete file.ipsets[name];
  return null;
}

function addMember(file: FirewallState, call: Call): null {
  const members = setOf(file, call);
  const cidr = required(call.params, 'cidr');
  if (members.some(member => member.cidr === cidr)) throw badParameters({ cidr: `address '${cidr}' already exists` });
  members.unshift(given(call));
  return null;
}

function removeMember(file: FirewallState, call: Call): null {
  const members = setOf(file, call);
  const index = members.findIndex(member => member.cidr === required(call.params, 'cidr'));
  if (index < 0) throw died(`no such IP/Network: ${call.params.cidr}`);
  members.splice(index, 1);
  return null;
}
