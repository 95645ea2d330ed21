import { z } from 'zod';
import type { Ask } from './ask.ts';
import { maybe, text } from './lenient.ts';

/** A network interface as the guest sees it. */
export interface GuestInterface {
  name: string;
  /** In lower case; absent where there is none. */
  mac?: string | undefined;
  addresses: { address: string; type: 'ipv4' | 'ipv6' }[];
}

/**
 * Calls that a guest's agent answers; they need VM.GuestAgent.Audit, before Proxmox VE 9 VM.Monitor. Each throws
 * ProxmoxError; Proxmox waits three seconds for an agent that is not there. What a guest says is not to be trusted.
 */
export interface AgentCalls {
  guestInterfaces(node: string, vmid: number): Promise<GuestInterface[]>;
  /** The system by name and version, for people. */
  guestSystem(node: string, vmid: number): Promise<string | undefined>;
  guestHostName(node: string, vmid: number): Promise<string | undefined>;
  /** The agent's own version. */
  guestAgentVersion(node: string, vmid: number): Promise<string | undefined>;
}

const result = <Inner extends z.ZodType>(inner: Inner) => z.object({ result: inner });

const interfacesAnswer = result(
  z.array(
    z.object({
      name: text,
      'hardware-address': maybe(text),
      'ip-addresses': z
        .array(z.object({ 'ip-address': text, 'ip-address-type': z.enum(['ipv4', 'ipv6']) }))
        .nullish()
        .transform(found => found ?? []),
    }),
  ),
);

const systemAnswer = result(z.object({ 'pretty-name': maybe(text), name: maybe(text) }));
const hostNameAnswer = result(z.object({ 'host-name': maybe(text) }));
const infoAnswer = result(z.object({ version: maybe(text) }));

/** Binds {@link AgentCalls}. */
export function agentCalls(ask: Ask): AgentCalls {
  return {
    async guestInterfaces(node, vmid) {
      const { result: found } = await ask('guestInterfaces', { node, vmid }, {}, interfacesAnswer);
      return found.map(({ name, 'hardware-address': mac, 'ip-addresses': addresses }) => ({
        name,
        mac: mac?.toLowerCase(),
        addresses: addresses.map(({ 'ip-address': address, 'ip-address-type': type }) => ({ address, type })),
      }));
    },
    async guestSystem(node, vmid) {
      const { result: system } = await ask('guestSystem', { node, vmid }, {}, systemAnswer);
      return system['pretty-name'] ?? system.name;
    },
    guestHostName: async (node, vmid) =>
      (await ask('guestHostName', { node, vmid }, {}, hostNameAnswer)).result['host-name'],
    guestAgentVersion: async (node, vmid) => (await ask('guestInfo', { node, vmid }, {}, infoAnswer)).result.version,
  };
}
