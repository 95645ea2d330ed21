import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { QemuFleet } from './qemu-fleet.ts';
import { findQemu, QemuMachine } from './qemu-machine.ts';
import { Viewer } from './viewer.ts';

const program = findQemu(process.env.PATH ?? '');

function watch(socket: Socket, password: string): Viewer {
  const viewer = new Viewer(password, bytes => socket.write(bytes));
  socket.on('data', bytes => viewer.receive(bytes));
  return viewer;
}

/** How many pixels are lit once nothing is written any more; the cursor goes on blinking. */
async function restOf(viewer: Viewer): Promise<number> {
  let lit = 0;
  const change = () => {
    const before = lit;
    lit = viewer.litPixels();
    return Math.abs(lit - before);
  };
  await expect.poll(change, { interval: 1_000 }).toBeLessThan(20);
  return lit;
}

describe.skipIf(!program)('a real machine (skipped where qemu-system-x86_64 is not installed)', () => {
  const fleets: QemuFleet[] = [];
  afterEach(() => Promise.all(fleets.splice(0).map(fleet => fleet.close())));

  function createFleet(): QemuFleet {
    const fleet = new QemuFleet(program ?? '', problem => {
      throw problem;
    });
    fleets.push(fleet);
    return fleet;
  }

  it('shows its screen to a viewer that knows the password, and echoes keys', async () => {
    const machine = await QemuMachine.start(program ?? '', 'v260');
    const socket = await machine.connectScreen('geheim12');
    const viewer = watch(socket, 'geheim12');
    await viewer.seeLight(200);
    expect(viewer.name).toBe('QEMU (v260)');
    const before = viewer.litPixels();
    viewer.type('MMMMMMMMMMMMMMMMMMMM');
    await viewer.seeLight(before + 300);
    socket.destroy();
    await machine.reset();
    await machine.powerDown();
    await machine.quit();
  });

  it('has one password for one viewer', async () => {
    const machine = await QemuMachine.start(program ?? '', 'v260');
    const viewer = watch(await machine.connectScreen('geheim12'), 'falsch12');
    await expect.poll(() => viewer.refusal).toBe('Authentication failed\0');
    await machine.quit();
  });

  it('says why it does not start', async () => {
    await expect(QemuMachine.start(program ?? '', 'no,such=option')).rejects.toThrow(/QEMU ended: .*such/);
  });

  it('follows what runs in the cluster', async () => {
    const fleet = createFleet();
    const one = { vmid: 100, name: 'one', run: 'a', resets: 0, isPaused: false };
    fleet.follow([one]);
    const first = await fleet.find(100);
    fleet.follow([{ ...one, isPaused: true }]);
    expect(await fleet.find(100)).toBe(first);
    fleet.follow([{ ...one, run: 'b' }]);
    expect(await fleet.find(100)).not.toBe(first);
    fleet.follow([]);
    expect(fleet.find(100)).toBeUndefined();
  });

  it('is reset when its VM is: what was typed is gone', async () => {
    const fleet = createFleet();
    const one = { vmid: 100, name: 'one', run: 'a', resets: 0, isPaused: false };
    fleet.follow([one]);
    const machine = await fleet.find(100);
    const socket = await machine?.connectScreen('geheim12');
    const viewer = new Viewer('geheim12', bytes => socket?.write(bytes));
    socket?.on('data', bytes => viewer.receive(bytes));
    await viewer.seeLight(200);
    const booted = await restOf(viewer);
    // An M has 52 pixels. QEMU presses a key in 10 ms, and those that wait outlive a reset: they must all have been.
    viewer.type('M'.repeat(150));
    await viewer.seeLight(booted + 145 * 52);
    fleet.follow([{ ...one, resets: 1 }]);
    await expect.poll(() => viewer.litPixels()).toBeLessThan(booted + 10 * 52);
    expect(await fleet.find(100)).toBe(machine);
    socket?.destroy();
  });

  it('leaves nothing behind', async () => {
    const machine = await QemuMachine.start(program ?? '', 'v260');
    const { folder } = machine;
    expect(existsSync(folder)).toBe(true);
    await machine.quit();
    expect(existsSync(folder)).toBe(false);
  });
});
