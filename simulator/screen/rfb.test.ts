import { describe, expect, it } from 'vitest';
import { RfbSession } from './rfb.ts';
import { createScreen } from './screen.ts';
import { Viewer } from './viewer.ts';
import { answerChallenge } from './vnc-auth.ts';

/** A machine whose clock and state a test moves. */
function machine() {
  const timers: { time: number; action: () => void }[] = [];
  const now = { seconds: 100, state: 'running' };
  const clock = {
    now: () => now.seconds * 1000,
    background: (time: number, action: () => void) => {
      const timer = { time, action };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const screen = createScreen({
    clock,
    vmid: 260,
    name: () => 'v260',
    state: () => now.state,
    uptimeSeconds: () => now.seconds,
  });
  const advance = (seconds: number) => {
    now.seconds += seconds;
    for (const timer of timers.splice(0)) timer.action();
  };
  return { screen, now, timers, advance };
}

function watch(
  screen: ReturnType<typeof machine>['screen'],
  { password = 'geheim12', typed }: { password?: string; typed?: string } = {},
) {
  const sent: Buffer[] = [];
  let ended = 0;
  const session: RfbSession = new RfbSession({
    screen,
    password,
    challenge: Buffer.alloc(16, 7),
    send: bytes => {
      sent.push(bytes);
      queueMicrotask(() => viewer.receive(bytes));
    },
    end: () => ended++,
  });
  const viewer = new Viewer(typed ?? password, bytes => session.receive(bytes));
  return { session, viewer, sent, ended: () => ended };
}

describe('an RFB session', () => {
  it('begins as QEMU does: version 3.8, VncAuth alone, 32 bits of colour, its name', async () => {
    const { screen, now } = machine();
    now.seconds = 1;
    const { viewer, sent } = watch(screen);
    await viewer.see(/Booting/);
    expect(sent.slice(0, 2).map(String)).toEqual(['RFB 003.008\n', '\u0001\u0002']);
    expect(viewer).toMatchObject({ width: 720, height: 400, name: 'QEMU (v260)' });
    expect(sent[4]?.toString('hex')).toMatch(/^02d001902018000100ff00ff00ff100800000000/);
  });

  it('shows which machine it is, its state and its uptime', async () => {
    const { viewer } = watch(machine().screen);
    await viewer.see(/v260 {3}VM 260 {3}running {3}up 00:01:40/);
  });

  it('F80: shows what is typed, and what the machine answers', async () => {
    const { viewer } = watch(machine().screen);
    await viewer.see(/root@v260:~#$/m);
    viewer.type('echo Hello, "World"\nhostname\nnosuch\n');
    await viewer.see(/# echo Hello, "World"\nHello, "World"\n.*# hostname\nv260\n.*# nosuch\nsh: nosuch: not found\n/);
  });

  it('shows where the mouse is', async () => {
    const { viewer } = watch(machine().screen);
    await viewer.see(/v260/);
    viewer.pointer(120, 64, 1);
    await viewer.see(/mouse 10,4 buttons 1/);
  });

  it('sends only what changed', async () => {
    const { screen, advance } = machine();
    const { viewer, sent } = watch(screen);
    await viewer.see(/00:01:40/);
    const before = sent.length;
    advance(1);
    await viewer.see(/00:01:41/);
    const update = Buffer.concat(sent.slice(before));
    expect(update.length).toBe(4 + 12 + 12 * 16 * 4);
  });

  it('takes a new size when the system has started', async () => {
    const { screen, now, advance } = machine();
    now.seconds = 2;
    const { viewer } = watch(screen);
    await viewer.see(/Booting/);
    advance(5);
    await viewer.see(/root@v260/);
    expect(viewer).toMatchObject({ width: 960, height: 480 });
  });

  it('lets two viewers see the same', async () => {
    const { screen } = machine();
    const [one, other] = [watch(screen).viewer, watch(screen).viewer];
    await Promise.all([one.see(/root@/), other.see(/root@/)]);
    one.type('uptime\n');
    await other.see(/# uptime\nup 00:01:40/);
  });

  it('takes no keys while the machine is paused', async () => {
    const { screen, now } = machine();
    const { viewer } = watch(screen);
    await viewer.see(/root@/);
    now.state = 'paused';
    viewer.type('x');
    viewer.pointer(0, 0, 0);
    await viewer.see(/paused/);
    expect(viewer.text()).not.toMatch(/# x/);
  });

  it('refuses a wrong password', async () => {
    const { viewer, ended } = watch(machine().screen, { typed: 'falsch00' });
    await expect.poll(() => viewer.refusal).toBe('Authentication failed\0');
    expect(ended()).toBe(1);
  });

  it('looks at the first eight characters of the password alone', async () => {
    const { viewer } = watch(machine().screen, { password: 'PVEVNC:6B02', typed: 'PVEVNC:6' });
    await viewer.see(/root@/);
  });

  it.each([
    ['another version', [Buffer.from('RFB 003.003\n')]],
    ['no authentication', [Buffer.from('RFB 003.008\n'), Buffer.from([1])]],
    ['a clipboard without end', [handshakeOf('geheim12'), Buffer.from([6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])]],
    ['a message that RFB does not have', [handshakeOf('geheim12'), Buffer.from([99])]],
  ])('ends for %s', (_, messages) => {
    const { session, ended } = watch(machine().screen);
    for (const message of messages) session.receive(message);
    expect(ended()).toBe(1);
  });

  it('reads messages that arrive byte by byte', async () => {
    const { screen } = machine();
    const { session, sent } = watch(screen);
    for (const byte of Buffer.concat([handshakeOf('geheim12'), Buffer.from('03000000000002d00190', 'hex')])) {
      session.receive(Buffer.from([byte]));
    }
    expect(sent.at(-1)?.length).toBe(4 + 12 + 720 * 400 * 4);
  });

  it('draws in the colours that the viewer asks for', () => {
    const { session, sent } = watch(machine().screen);
    session.receive(handshakeOf('geheim12'));
    // 16 bits, big-endian, 5-6-5; then one pixel of the title, which is blue.
    session.receive(Buffer.from('0000000010100101001f003f001f0b0500000000', 'hex'));
    session.receive(Buffer.from('03000000000000010001', 'hex'));
    expect(sent.at(-1)?.subarray(16).toString('hex')).toBe('1231');
  });

  it('stops its clock when the last viewer leaves', async () => {
    const { screen, timers } = machine();
    const { viewer, session } = watch(screen);
    await viewer.see(/v260/);
    expect(timers.length).toBe(1);
    session.close();
    expect(timers.length).toBe(0);
  });
});

/** All that a viewer sends before its first message. */
function handshakeOf(password: string): Buffer {
  const answer = answerChallenge(Buffer.alloc(16, 7), password);
  return Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([2]), answer, Buffer.from([1])]);
}
