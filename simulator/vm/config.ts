import { createHash } from 'node:crypto';
import { findRoute } from '#simulator/schema/routes.ts';
import { died } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';
import type { Section, VmConfig, VmState } from '../state/types.ts';

/** The VM whose configuration lies on that node; a VM on another node is as absent as one that never was. */
export function vmOn(world: World, node: string, vmid: number): VmState {
  const vm = world.state.vms[vmid];
  if (vm === undefined || vm.node !== node) {
    throw died(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`);
  }
  return vm;
}

/** As `vmOn`, in the words of the calls that look for the process first [PVE::QemuConfig::assert_config_exists_on_node]. */
export function assertOnNode(world: World, node: string, vmid: number): VmState {
  const vm = world.state.vms[vmid];
  if (vm === undefined || vm.node !== node) {
    throw died(`unable to find configuration file for VM ${vmid} on node '${node}'`);
  }
  return vm;
}

/** An empty configuration. */
export function emptyConfig(): VmConfig {
  return { current: {}, pending: {}, pendingDelete: {}, cloudinit: {}, snapshots: {} };
}

/** Throws if the configuration's own lock is set. */
export function checkLock(vm: VmState): void {
  const { lock } = vm.config.current;
  if (lock !== undefined) throw died(`VM is locked (${lock})`);
}

/** Throws if the VM is protected; `what` is the beginning of the text. */
export function checkProtection(vm: VmState, what: string): void {
  if (vm.config.current.protection === '1') throw died(`${what} - protection mode enabled`);
}

/** Whether the VM is a template. */
export function isTemplate(vm: VmState): boolean {
  return vm.config.current.template === '1';
}

/** The configuration file as text; its SHA-1 is the digest. */
function renderConfig(config: VmConfig): string {
  const parts = [renderSection(config.current)];
  const pending = pendingSection(config);
  if (Object.keys(pending).length > 0) parts.push(`[PENDING]\n${renderSection(pending, true)}`);
  if (Object.keys(config.cloudinit).length > 0) parts.push(`[special:cloudinit]\n${renderSection(config.cloudinit)}`);
  for (const name of Object.keys(config.snapshots).sort()) {
    parts.push(`[${name}]\n${renderSection(config.snapshots[name] ?? {})}`);
  }
  return parts.join('\n');
}

/** The digest of a configuration: it covers pending changes and snapshots. */
export function digestOf(config: VmConfig): string {
  return createHash('sha1').update(renderConfig(config)).digest('hex');
}

function pendingSection({ pending, pendingDelete }: VmConfig): Section {
  const keys = Object.keys(pendingDelete).sort();
  if (keys.length === 0) return pending;
  return { ...pending, delete: keys.map(key => (pendingDelete[key] === 'force' ? `!${key}` : key)).join(',') };
}

/** A section of the configuration file as text. */
export function renderSection(section: Section, isPending = false): string {
  const { description, ...rest } = section;
  const lines = Object.keys(rest)
    .sort()
    .map(key => `${key}: ${rest[key]}\n`);
  return `${renderDescription(description, isPending)}${lines.join('')}`;
}

function renderDescription(description: string | undefined, isPending: boolean): string {
  if (description === undefined) return '';
  if (description === '') return isPending ? '#\n' : '';
  const lines = description.replace(/\n+$/, '').split('\n');
  return lines.map(line => `#${encodeText(line)}\n`).join('');
}

/** Control and non-ASCII characters, `:` and `%` are percent-encoded [PVE::Tools::encode_text]. */
function encodeText(text: string): string {
  if (/^[ -$&-9;-~]*$/.test(text)) return text;
  return [...Buffer.from(text)].map(encodeByte).join('');
}

function encodeByte(byte: number): string {
  const isSafe = (byte >= 0x20 && byte <= 0x24) || (byte >= 0x26 && byte <= 0x39) || (byte >= 0x3b && byte <= 0x7e);
  return isSafe ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Whether an option's values are written as numbers in JSON. */
function isNumeric(world: World, key: string): boolean {
  if (key === 'template' || key === 'snaptime') return true;
  const type = configRoute(world).keys.get(key)?.type;
  return type === 'integer' || type === 'boolean';
}

/** The route whose parameters are the options of a VM. */
function configRoute(world: World): NonNullable<ReturnType<typeof findRoute>>['route'] {
  const found = findRoute(world.release, 'POST', '/nodes/any/qemu/100/config');
  if (found === undefined) throw new Error('the schema has no POST config');
  return found.route;
}

/** Options that no call sets by name. */
const INTERNAL_OPTIONS = new Set(['template', 'parent', 'snaptime', 'vmstate', 'runningmachine', 'runningcpu', 'meta']);

/** Parameters of the call that are no options. */
const CALL_PARAMETERS = new Set(
  'node vmid background_delay delete digest force revert skiplock import-working-storage skip_cloud_init'.split(' '),
);

/** Whether a VM's configuration can have such an option. */
export function optionExists(world: World, key: string): boolean {
  if (INTERNAL_OPTIONS.has(key) || /^unused\d+$/.test(key)) return true;
  return !CALL_PARAMETERS.has(key) && configRoute(world).keys.has(key);
}

/** A section as JSON has it. The values of numeric options become numbers, all else stays text. */
export function jsonSection(world: World, section: Section): Record<string, string | number> {
  const entries = Object.entries(section).map(([key, value]) => [key, jsonValue(world, key, value)] as const);
  return Object.fromEntries(entries);
}

/** One option's value as JSON has it. */
export function jsonValue(world: World, key: string, value: string): string | number {
  return isNumeric(world, key) ? Number(value) : value;
}

/** What a password is shown as. */
export const MASKED = '**********';

/** The current section with what is pending applied. */
export function withPending({ current, pending, pendingDelete }: VmConfig): Section {
  const merged = { ...current, ...pending };
  for (const key of Object.keys(pendingDelete)) delete merged[key];
  return merged;
}
