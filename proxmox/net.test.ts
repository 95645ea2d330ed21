import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatNet, type NetDevice, parseNet } from './net.ts';
import { describeOracle, readCaptures, readFormats } from './testing/oracle.ts';

// The same cases in each run: whoever looks for another counterexample takes this line out.
fc.configureGlobal({ seed: 1 });

describe('a network device', () => {
  test('is read as Proxmox writes it', () => {
    expect(parseNet('virtio=bc:24:11:5F:0A:9A,bridge=vmbr0,firewall=1,link_down=1,rate=12.5,tag=5')).toEqual({
      model: 'virtio',
      mac: 'BC:24:11:5F:0A:9A',
      bridge: 'vmbr0',
      firewall: true,
      linkDown: true,
      rateMBps: 12.5,
      tag: 5,
      other: {},
    });
  });

  test.each(['model=e1000,macaddr=BC:24:11:5F:0A:9A', 'e1000=BC:24:11:5F:0A:9A', 'e1000,macaddr=BC:24:11:5F:0A:9A'])(
    'is the same however its model and MAC are written: %s',
    text => {
      expect(parseNet(text)).toMatchObject({ model: 'e1000', mac: 'BC:24:11:5F:0A:9A' });
    },
  );

  test('keeps its MAC and what is not ours when one property changes', () => {
    const read = parseNet('virtio=BC:24:11:5F:0A:9A,bridge=vmbr0,queues=4,trunks=1;2');
    expect(formatNet({ ...read, bridge: 'vmbr1' })).toBe('virtio=BC:24:11:5F:0A:9A,bridge=vmbr1,queues=4,trunks=1;2');
  });

  test('without MAC has one made up', () => {
    expect(formatNet({ model: 'virtio', bridge: 'vmbr0', firewall: true })).toBe('virtio,bridge=vmbr0,firewall=1');
  });

  test.each<NetDevice>([
    { model: 'virtio,bridge=vmbr9' },
    { model: 'bridge' },
    { model: 'virtio', bridge: 'vmbr0,tag=1' },
    { model: 'virtio', mac: 'BC:24:11:5F:0A:9A,tag=1' },
  ])('is not written as %j', device => {
    expect(() => formatNet(device)).toThrow(RangeError);
  });

  test('reads back as it was written', () => {
    const some = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
    const device = fc.record<NetDevice>({
      model: fc.constantFrom('virtio', 'e1000', 'vmxnet3'),
      mac: some(fc.constant('BC:24:11:5F:0A:9A')),
      bridge: some(fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/)),
      tag: some(fc.integer({ min: 1, max: 4094 })),
      rateMBps: some(fc.integer({ min: 0, max: 1000 })),
      mtu: some(fc.integer({ min: 1, max: 65520 })),
      firewall: some(fc.boolean()),
      linkDown: some(fc.boolean()),
      other: fc.constantFrom({}, { queues: '4' }),
    });
    fc.assert(
      fc.property(device, device => {
        expect(parseNet(formatNet(device))).toEqual(device);
      }),
    );
  });
});

describeOracle('every captured network device', () => {
  test('means the same when it is written back', () => {
    const bodies = readCaptures().map(({ body }) => body);
    const texts = new Set(
      bodies.flatMap(body => Array.from(body.matchAll(/"net\d+":"([^"]+)"/g), ([, text]) => text ?? '')),
    );
    const devices = [...texts].filter(text => text.includes('bridge='));
    expect(devices.length).toBeGreaterThan(0);
    for (const text of devices) expect(parseNet(formatNet(parseNet(text)))).toEqual(parseNet(text));
  });
});

describeOracle('the models of network devices', () => {
  test('are those of the API', () => {
    const models = readFormats().derivedFormats['net[n]']?.model?.enum ?? [];
    expect(models).toContain('virtio');
    for (const model of models) expect(parseNet(`${model}=BC:24:11:5F:0A:9A`)).toMatchObject({ model });
  });
});
