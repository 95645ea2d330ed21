import { describe, expect, test } from 'vitest';
import type { Decision } from './decision.ts';
import { guestUpdate, mostGuestTries } from './guest.ts';
import type { GuestView } from './guest-view.ts';
import type { Observed } from './observed.ts';
import { clonedConfig, cluster, clusterId, virtualMachine } from './testing/fixtures.ts';

const content: Decision = { outcome: { kind: 'done' }, holding: [] };

function update(
  change: Partial<Observed>,
  reason?: string,
  decision = content,
  power: 'Running' | 'Stopped' = 'Running',
) {
  const bare = virtualMachine({ networks: [{ name: 'lan', bridge: 'vmbr0' }] });
  const told = { type: 'GuestAgentReady', status: 'False', message: '', lastTransitionTime: '' } as const;
  const vm = { ...bare, status: reason === undefined ? {} : { conditions: [{ ...told, reason }] } };
  const config = { found: true, node: 'n1', config: clonedConfig() } as const;
  const o: Observed = { now: 0, clusterId, vm, clusters: [cluster()], task: { state: 'none' }, sweep: false, config };
  return guestUpdate({ ...o, ...change }, decision, power);
}

const reasonOf = (...args: Parameters<typeof update>) => update(...args)?.condition.reason;

const without = (change: object) => ({ found: true, node: 'n1', config: clonedConfig(change) }) as const;

describe('F51: the condition of the guest agent', () => {
  test('waits for it once the machine runs, and says so once', () => {
    expect(reasonOf({})).toBe('AgentAwaited');
    expect(reasonOf({}, 'NotRunning')).toBe('AgentAwaited');
    expect(reasonOf({}, 'AgentAwaited')).toBeUndefined();
    expect(reasonOf({}, 'AgentResponding')).toBeUndefined();
  });

  test('waits anew after a start, and is about nothing while the machine is off', () => {
    const action = { kind: 'start', node: 'n1', vmid: 1000 } as const;
    const starting = { ...content, action, finding: { reason: 'Starting', message: '' }, heldBy: { notReady: '' } };
    expect(reasonOf({}, 'AgentResponding', starting)).toBe('AgentAwaited');
    expect(update({}, 'AgentResponding', content, 'Stopped')).toMatchObject({
      condition: { reason: 'NotRunning' },
      facts: { addresses: undefined },
    });
  });

  test('says that the agent is switched off', () => {
    expect(reasonOf({ config: without({ agent: { enabled: false, options: [] } }) })).toBe('AgentDisabled');
  });

  test('has patience after a start only', () => {
    const guest = { state: 'silent' } as const;
    const turn = (tries: number, isAwaited = true) => ({ guest, guestTurn: { isDue: true, isAwaited, tries } });
    expect(reasonOf(turn(0), 'AgentAwaited')).toBe('AgentAwaited');
    expect(reasonOf(turn(mostGuestTries - 1), 'AgentAwaited')).toBe('AgentSilent');
    expect(reasonOf(turn(0, false), 'AgentResponding')).toBe('AgentSilent');
  });

  test('says nothing new where nobody could be asked', () => {
    expect(update({ guest: { state: 'unreachable' } }, 'AgentResponding')).toBeUndefined();
  });
});

describe('F50: the addresses of a guest', () => {
  const answered = (...addresses: string[]): GuestView => ({
    state: 'answered',
    interfaces: [
      { name: 'docker0', mac: '02:42:00:00:00:01', addresses: [{ address: '172.17.0.1', type: 'ipv4' }] },
      {
        name: 'eth0',
        mac: 'bc:24:11:00:00:01',
        addresses: addresses.map(address => ({ address, type: address.includes(':') ? 'ipv6' : 'ipv4' })),
      },
    ],
  });

  test('begin with those of the first network, without what leads nowhere', () => {
    const guest = answered('fe80::1', '2001:db8::5', '127.0.0.1', '169.254.1.1', '192.0.2.5');
    const told = update({ guest })?.facts.addresses?.map(({ address, network }) => [address, network]);
    expect(told).toEqual([
      ['192.0.2.5', 'lan'],
      ['2001:db8::5', 'lan'],
      ['172.17.0.1', undefined],
    ]);
  });

  test('are bounded, however many a guest makes up', () => {
    const guest = answered(...Array.from({ length: 1000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`));
    expect(update({ guest })?.facts.addresses).toHaveLength(32);
  });
});
