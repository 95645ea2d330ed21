import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';
import type { ConditionUpdate } from './conditions.ts';
import { type Decision, lookAt, type Verdict } from './decision.ts';
import type { GuestInterface } from './guest-view.ts';
import type { Power } from './machine.ts';
import type { Observed } from './observed.ts';

/** How often a guest is asked after a start before it is called silent: with doubling pauses, five minutes. */
export const mostGuestTries = 6;

const type = 'GuestAgentReady';

const findings = {
  AgentResponding: 'The guest agent answers.',
  AgentDisabled: 'Proxmox is not to talk to a guest agent: set spec.guestAgent to Enabled.',
  AgentAwaited: 'The guest agent has not answered yet.',
  AgentSilent: 'The guest agent does not answer. Is qemu-guest-agent installed in the guest, and running?',
  NotRunning: 'The machine does not run.',
  PermissionDenied:
    "Berth's token may not ask the guest agent; it needs VM.GuestAgent.Audit on the machine (VM.Monitor before Proxmox VE 9).",
} as const;

type Reason = keyof typeof findings;

/** Has the guest asked, if it is time; nothing waits for what it says. */
export const askInTime = ({ guestTurn, guest }: Observed): Verdict | undefined =>
  guestTurn?.isDue && guest === undefined ? lookAt('guest') : undefined;

/** What the condition of the guest agent says now. */
export const agentReason = ({ status }: Observed['vm']): string | undefined =>
  status?.conditions?.find(condition => condition.type === type)?.reason;

/** What a pass lets us say of the guest; undefined where it says nothing new. */
export function guestUpdate(
  o: Observed,
  decision: Decision,
  power: Power | undefined,
): { condition: ConditionUpdate; facts: Pick<VirtualMachineStatus, 'addresses' | 'guest'> } | undefined {
  const reason = reasonOf(o, decision, power);
  if (reason === undefined) return undefined;
  const status = reason === 'AgentResponding' ? 'True' : 'False';
  const condition = { type, status, reason, message: findings[reason] } as const;
  return { condition, facts: factsOf(o, reason) };
}

function reasonOf(o: Observed, { heldBy, action, finding }: Decision, power: Power | undefined): Reason | undefined {
  const { guest, guestTurn, config } = o;
  if (guest?.state === 'answered') return 'AgentResponding';
  if (guest?.state === 'denied') return 'PermissionDenied';
  if (guest?.state === 'silent') {
    return guestTurn?.isAwaited && guestTurn.tries + 1 < mostGuestTries ? 'AgentAwaited' : 'AgentSilent';
  }
  if (!config?.found || o.vm.metadata.deletionTimestamp) return undefined;
  if (!config.config.agent.enabled) return heldBy ? undefined : 'AgentDisabled';
  if (finding && boots.has(action?.kind ?? '')) return 'AgentAwaited';
  if (heldBy) return undefined;
  if (power !== 'Running') return 'NotRunning';
  return ['AgentDisabled', 'NotRunning', undefined].includes(agentReason(o.vm)) ? 'AgentAwaited' : undefined;
}

/** After these the guest boots, or was away. */
const boots = new Set(['start', 'resume', 'operate', 'followOperation']);

function factsOf(o: Observed, reason: Reason): Pick<VirtualMachineStatus, 'addresses' | 'guest'> {
  if (reason === 'NotRunning' || reason === 'AgentDisabled') return { addresses: undefined };
  if (o.guest?.state !== 'answered') return {};
  const { interfaces, system } = o.guest;
  return { addresses: addressesOf(o, interfaces), ...(system && { guest: system }) };
}

/** Most addresses that a status tells of; the limit of the list in the CRD. */
const mostAddresses = 32;

function addressesOf(o: Observed, interfaces: GuestInterface[]): VirtualMachineStatus['addresses'] {
  const networks = networksByMac(o);
  const found = interfaces.flatMap(({ name, mac, addresses }) =>
    addresses
      .filter(({ address }) => isWorthTelling(address))
      .map(({ address, type: kind }) => {
        const upper = mac?.toUpperCase();
        const network = upper === undefined ? undefined : networks.get(upper);
        return {
          address: address.slice(0, 45),
          type: kind === 'ipv6' ? ('IPv6' as const) : ('IPv4' as const),
          ...(network !== undefined && { network: network.name }),
          interface: name.slice(0, 64),
          ...(upper !== undefined && { mac: upper.slice(0, 17) }),
          order: network?.index ?? mostAddresses,
        };
      }),
  );
  return found
    .sort((a, b) => a.order - b.order || compare(a.type, b.type) || compare(a.address, b.address))
    .slice(0, mostAddresses)
    .map(({ order, ...address }) => address);
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Loopback and link-local addresses are nothing that anybody could connect to. */
const isWorthTelling = (address: string): boolean =>
  !/^(?:127\.|169\.254\.)/.test(address) && !/^(?:::1$|fe[89ab][0-9a-f]:)/i.test(address);

function networksByMac({ vm, config, nics }: Observed): Map<string, { name: string; index: number }> {
  const cards = config?.found ? config.config.nics : nics;
  if (!cards) {
    const known = (vm.status?.addresses ?? []).map(
      ({ mac = '', network = '' }, index) => [mac, { name: network, index }] as const,
    );
    return new Map(known.filter(([mac, { name }]) => mac !== '' && name !== ''));
  }
  const named = ({ index, mac }: { index: number; mac: string }) =>
    [mac.toUpperCase(), { name: vm.spec.networks?.[index]?.name ?? `net${index}`, index }] as const;
  return new Map(cards.map(named));
}
