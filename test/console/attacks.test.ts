import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RawData, WebSocket } from 'ws';
import { type ConsoleSession, consoleSessions, virtualMachines } from '#api/kinds.ts';
import { consoleToken, token } from '#cli/demo/proxmox.ts';
import { eventually } from '../eventually.ts';
import { type ConsoleLab, consoleLab, portalOrigin } from './lab.ts';
import { invite, Visitor, watchScreen } from './visitor.ts';

/** How many races there are; a thousand take six minutes. */
const races = Number(process.env.CONSOLE_RACES ?? 100);

/** Together no more than a console-proxy lets in at a time; while one waits for its session others are run. */
const racesAtOnce = 3;
const raceMs = 10_000;

let lab: ConsoleLab;
let replica: { port: number };
let visitor: Visitor;
/** Consoles are counted for each person. */
let person: string;
let people = 0;
/** Secrets of Proxmox that were seen on their way. */
const secrets = new Set<string>([consoleToken.tokenSecret, token.tokenSecret]);

beforeAll(async () => {
  lab = await consoleLab();
  replica = await lab.startReplica();
  visitor = new Visitor(lab);
  lab.proxmox.intercept = async (request, answer) => {
    const answered = await answer();
    if (request.method === 'POST' && /\/(vnc|term)proxy$/.test(request.target)) {
      const { data } = JSON.parse(answered.body) as { data: { ticket?: string; password?: string } | null };
      for (const secret of [data?.ticket, data?.password]) if (secret) secrets.add(secret);
    }
    return answered;
  };
});

afterAll(async () => {
  await visitor?.close();
  await lab?.close();
});

const binding = () => `console-${person}`;
const open: WebSocket[] = [];

beforeEach(async () => {
  person = `person-${++people}`;
  await lab.allow(binding(), { user: person });
});

afterEach(() => {
  for (const socket of open.splice(0)) socket.close(1000);
});

const read = (name: string) => lab.kube.get<ConsoleSession>(consoleSessions, { namespace: lab.namespace, name });

/** A screen that is shown. */
async function shown(change: Partial<ConsoleSession['spec']> = {}) {
  const invitation = await invite(lab, person, change);
  const cookie = await visitor.open(invitation);
  const socket = await visitor.upgrade(invitation, { cookie });
  const watching = watchScreen(socket);
  open.push(watching.socket);
  await watching.viewer.see(/web/);
  return { ...watching, invitation, cookie };
}

describe('F81: replay', () => {
  test(
    `of ${races} × 50 who have the verifier at the same time, over two replicas, one wins each time`,
    async () => {
      const { kube, namespace } = lab;
      await lab.allow('racers', { group: 'racers' });
      let begun = 0;
      const wins: number[] = [];
      const run = async () => {
        while (begun < races) {
          const race = ++begun;
          const invitation = await invite(lab, `racer-${race}`, { requesterGroups: ['racers'] });
          const answers = await Promise.all(
            Array.from({ length: 50 }, (_, index) =>
              visitor.redeem(invitation, invitation.verifier, index % 2 ? { port: replica.port } : {}),
            ),
          );
          const lost = answers.filter(({ status }) => status !== 303);
          expect(lost.map(({ status }) => status)).toEqual(Array(49).fill(410));
          expect(answers.filter(({ cookie }) => cookie !== '')).toHaveLength(1);
          wins.push(answers.length - lost.length);
          await kube.remove(consoleSessions, { namespace, name: invitation.name });
        }
      };
      await Promise.all(Array.from({ length: racesAtOnce }, run));
      expect(wins).toEqual(Array(races).fill(1));
    },
    raceMs * races,
  );

  test('a verifier that is wrong, of another session, or malformed opens nothing, and burns nothing', async () => {
    const [mine, other] = [await invite(lab, person), await invite(lab, person)];
    for (const verifier of [other.verifier, 'x'.repeat(43), '', 'a'.repeat(200), '__proto__']) {
      expect(await visitor.redeem(mine, verifier)).toMatchObject({ status: 404, cookie: '' });
    }
    expect((await visitor.redeem({ url: `${mine.url}x` }, mine.verifier)).status).toBe(404);
    expect((await visitor.redeem(mine, mine.verifier)).status).toBe(303);
  });

  test('a session that has expired opens nothing', async () => {
    const invitation = await invite(lab, person);
    // Just now: one that expired long ago would be removed, and then nobody would know it.
    const expired = JSON.stringify({ status: { expiresAt: new Date().toISOString() } });
    const session = ['-n', lab.namespace, 'vmcon', invitation.name];
    await lab.kubectl('patch', ...session, '--subresource=status', '--type=merge', '-p', expired);
    expect((await visitor.redeem(invitation, invitation.verifier)).status).toBe(410);
  });

  test("another session's cookie, or none, gives neither a page's facts nor a connection", async () => {
    const [mine, other] = [await invite(lab, person), await invite(lab, person)];
    const [cookie, foreign] = [await visitor.open(mine), await visitor.open(other)];
    const path = `/session/${lab.namespace}/${mine.name}`;
    const renamed = `${cookie.split('=')[0]}=${foreign.split('=')[1]}`;
    for (const wrong of ['', foreign, renamed, `${cookie}; ${renamed}`]) {
      expect((await visitor.get(path, wrong)).status).toBe(404);
      expect(await visitor.upgrade(mine, { cookie: wrong })).toBe(404);
    }
    expect(JSON.parse((await visitor.get(path, cookie)).text)).toMatchObject({ vm: 'web', mode: 'Interactive' });
  });

  test('a cookie is for this host alone, and no script sees it', async () => {
    const invitation = await invite(lab, person);
    const { headers, location } = await visitor.redeem(invitation, invitation.verifier);
    expect(headers['set-cookie']).toMatch(
      /^__Host-console-[0-9a-f]{16}=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=14400$/,
    );
    expect(location).toBe(`/screen/${lab.namespace}/${invitation.name}`);
  });
});

describe('F83: Origin', () => {
  const variants = (right: string): (string | null)[] => {
    const { hostname, port, host } = new URL(right);
    return [
      ...[
        null,
        '',
        'null',
        'NULL',
        'undefined',
        '*',
        'file://',
        'about:blank',
        'data:',
        'https://',
        'https:',
        hostname,
        host,
      ],
      ...[`http://${host}`, `HTTPS://${host}`, `wss://${host}`, `//${host}`, `https:${host}`, `https:\\\\${host}`],
      ...[`${right}/`, `${right}/x`, `${right}?`, `${right}#`, `${right}%20`, ` ${right} x`, `${right},${right}`],
      ...[`${right}.evil.test`, `https://${hostname}.evil.test${port && `:${port}`}`, `https://evil-${host}`],
      ...[`https://evil.test`, `https://a.${host}`, `https://${hostname}.`, `https://${hostname}:1`],
      ...[`https://${hostname}:0${port || 443}`, `https://user@${host}`, `https://${host}@evil.test`],
      ...[
        right.toUpperCase(),
        `https://${hostname.replace('o', '0')}:${port}`,
        `https://${hostname.replace('o', 'ο')}`,
      ],
      ...['https://127.0.0.1', `https://[::1]:${port}`, 'http://localhost.evil.test', 'chrome-extension://abcdefgh'],
    ].filter(variant => variant === null || Buffer.from(variant, 'latin1').toString('latin1') === variant);
  };

  test('of forty variants none opens a session', async () => {
    const invitation = await invite(lab, person);
    for (const right of [lab.console.url, portalOrigin]) {
      const wrong = variants(right);
      expect(wrong.length).toBeGreaterThanOrEqual(40);
      for (const origin of wrong) {
        const { status, cookie } = await visitor.redeem(invitation, invitation.verifier, { origin });
        expect([origin, status, cookie]).toEqual([origin, 403, '']);
      }
    }
    expect((await visitor.redeem(invitation, invitation.verifier)).status).toBe(303);
  });

  test('of forty variants none gets a WebSocket, with the right cookie; nor does the portal', async () => {
    const invitation = await invite(lab, person);
    const cookie = await visitor.open(invitation);
    for (const origin of [...variants(lab.console.url), portalOrigin]) {
      expect([origin, await visitor.upgrade(invitation, { cookie, origin })]).toEqual([origin, 403]);
    }
    watchScreen(await visitor.upgrade(invitation, { cookie })).socket.close(1000);
  });
});

describe('F83: rights that end', () => {
  test('a role that was taken away closes the picture within 35 s', async () => {
    const { closed, invitation } = await shown();
    await lab.disallow(binding(), { user: person });
    const takenAt = performance.now();
    expect(await closed).toEqual({ code: 4000, reason: 'Revoked' });
    expect(performance.now() - takenAt).toBeLessThan(35_000);
    await eventually(async () => expect((await read(invitation.name)).status?.endReason).toBe('Revoked'));
  });

  test('a session that is deleted closes the picture within 5 s', async () => {
    const { closed, invitation } = await shown();
    const deletedAt = performance.now();
    await lab.kube.remove(consoleSessions, { namespace: lab.namespace, name: invitation.name });
    expect(await closed).toEqual({ code: 4000, reason: 'SessionDeleted' });
    expect(performance.now() - deletedAt).toBeLessThan(5_000);
  });

  test('a machine that is deleted closes the picture within 5 s', async () => {
    await lab.machine('doomed');
    const { closed, invitation } = await (async () => {
      const doomed = await invite(lab, person, { vmName: 'doomed' });
      const watching = watchScreen(await visitor.upgrade(doomed, { cookie: await visitor.open(doomed) }));
      await watching.viewer.see(/doomed/);
      return { ...watching, invitation: doomed };
    })();
    const deletedAt = performance.now();
    await lab.kube.remove(virtualMachines, { namespace: lab.namespace, name: 'doomed' });
    expect((await closed).reason).toMatch(/MachineDeleted|MachineStopped/);
    expect(performance.now() - deletedAt).toBeLessThan(5_000);
    await eventually(async () => expect((await read(invitation.name)).status?.endReason).toMatch(/^Machine/));
  });

  test('who has lost the right may not open what was granted before', async () => {
    const invitation = await invite(lab, person);
    // A moment earlier it would be opened, and after that nobody could open it anyway.
    await lab.disallow(binding(), { user: person });
    expect(await visitor.redeem(invitation, invitation.verifier)).toMatchObject({ status: 403, cookie: '' });
  });
});

describe('what one may do', () => {
  test('F80: typed keys reach the guest, and the picture tells', async () => {
    const { viewer } = await shown();
    viewer.type('echo typed-here\n');
    await viewer.see(/^typed-here$/m);
  });

  test('F84: who may only look cannot type, whatever the page does', async () => {
    const looking = await shown({ mode: 'ViewOnly' });
    const typing = await shown();
    looking.viewer.type('echo forbidden\n');
    looking.viewer.pointer(1, 1, 1);
    typing.viewer.type('echo allowed\n');
    await looking.viewer.see(/^allowed$/m);
    expect(looking.viewer.text()).not.toContain('forbidden');
  });

  test('F86: the serial console answers a command', async () => {
    const invitation = await invite(lab, person, { type: 'Serial' });
    const cookie = await visitor.open(invitation);
    const socket = await visitor.upgrade(invitation, { cookie });
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    open.push(socket);
    let text = '';
    socket.on('message', (data: RawData) => {
      text += String(data);
    });
    await eventually(() => expect(text).toContain('root@web'));
    socket.send('1:100:30:');
    socket.send('0:9:hostname\r');
    await eventually(() => expect(text).toMatch(/\r\nweb\r\n/));
  });

  test('a page that comes back goes on, on another replica, too; the connection before closes', async () => {
    const { closed, invitation, cookie } = await shown();
    const again = watchScreen(await visitor.upgrade(invitation, { cookie, port: replica.port }));
    open.push(again.socket);
    await again.viewer.see(/web/);
    expect(await closed).toEqual({ code: 4000, reason: 'Replaced' });
    again.viewer.type('echo still-here\n');
    await again.viewer.see(/^still-here$/m);
  });

  test('a page that leaves on purpose ends the session, with what went through', async () => {
    const { socket, invitation, cookie } = await shown();
    socket.close(1000);
    await once(socket, 'close');
    await eventually(async () => {
      const { status } = await read(invitation.name);
      expect(status).toMatchObject({ endReason: 'Closed', bytesIn: expect.any(Number) });
      expect(status?.bytesOut).toBeGreaterThan(100_000);
    });
    expect(await visitor.upgrade(invitation, { cookie })).toBe(410);
  });

  test('what is no RFB ends the connection', async () => {
    const { socket, closed } = await shown();
    socket.send(Buffer.from([99, 99, 99]));
    expect(await closed).toEqual({ code: 4000, reason: 'Malformed' });
  });

  test('a machine that is off says so, and gives no picture', async () => {
    const invitation = await invite(lab, person);
    const cookie = await visitor.open(invitation);
    await lab.kubectl(
      ...['-n', lab.namespace, 'patch', 'vm', 'web', '--type=merge', '-p', '{"spec":{"powerState":"Stopped"}}'],
    );
    await lab.kubectl(
      '-n',
      lab.namespace,
      'wait',
      '--for=jsonpath={.status.powerState}=Stopped',
      'vm/web',
      '--timeout=120s',
    );
    const socket = await visitor.upgrade(invitation, { cookie });
    expect(await watchScreen(socket).closed).toEqual({ code: 4000, reason: 'MachineStopped' });
    await lab.kubectl(
      ...['-n', lab.namespace, 'patch', 'vm', 'web', '--type=merge', '-p', '{"spec":{"powerState":"Running"}}'],
    );
    await lab.kubectl('-n', lab.namespace, 'wait', '--for=condition=Ready', 'vm/web', '--timeout=120s');
  });
});

describe('a replica that is stopped', () => {
  test('keeps its consoles until its grace ends, and takes no new ones; they go on elsewhere', async () => {
    const leaving = await lab.startReplica('--drain-seconds', '10');
    const invitation = await invite(lab, person);
    const cookie = await visitor.open(invitation);
    const watching = watchScreen(await visitor.upgrade(invitation, { cookie, port: leaving.port }));
    await watching.viewer.see(/web/);
    const later = await invite(lab, person);
    const stopped = leaving.process.stop();
    await eventually(() => expect(visitor.redeem(later, later.verifier, { port: leaving.port })).rejects.toThrow());
    watching.viewer.type('echo until-the-end\n');
    await watching.viewer.see(/^until-the-end$/m);
    expect(await watching.closed).toEqual({ code: 4000, reason: 'Draining' });
    await stopped;
    const again = watchScreen(await visitor.upgrade(invitation, { cookie }));
    open.push(again.socket);
    await again.viewer.see(/web/);
  });
});

test('F82: no secret is in any log, Event, status or answer', async () => {
  const { invitation, cookie } = await shown();
  await shown({ type: 'VNC', mode: 'ViewOnly' });
  // What a process says is written to its file by this one, when it comes to that.
  await eventually(async () => expect(await lab.logs()).toContain(invitation.name));
  const [, ticket = ''] = cookie.split('=');
  const facts = await visitor.get(`/session/${lab.namespace}/${invitation.name}`, cookie);
  const places: Record<string, string> = {
    logs: await lab.logs(),
    events: await lab.kubectl('get', 'events.events.k8s.io', '-A', '-o', 'yaml'),
    sessions: await lab.kubectl('get', 'consolesessions', '-A', '-o', 'yaml'),
    machines: await lab.kubectl('get', 'vm', '-A', '-o', 'yaml'),
    facts: facts.text + JSON.stringify(facts.headers),
  };
  expect(places.sessions).toContain(invitation.name);
  const canaries = [...secrets, invitation.verifier, ticket];
  expect(canaries.length).toBeGreaterThan(5);
  for (const [place, text] of Object.entries(places)) {
    expect([place, canaries.filter(canary => text.includes(canary))]).toEqual([place, []]);
  }
});

test('F80, F85: who opened which console is told by Events of the machine', async () => {
  await shown();
  await eventually(async () => {
    const events = await lab.kubectl('-n', lab.namespace, 'get', 'events.events.k8s.io', '-o', 'yaml');
    expect(events).toMatch(/reason: ConsoleOpened/);
  });
});
