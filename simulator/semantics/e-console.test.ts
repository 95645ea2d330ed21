import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { authorizationOf, type Caller, Lab, type Reply } from '../testing/lab.ts';

const OPERATOR = 'root@pam!test';
const PROXY = '/nodes/pve1/qemu/101/vncproxy';

let lab: Lab;

beforeEach(() => {
  lab = new Lab();
});

async function ask(form: Record<string, number> = { websocket: 1 }) {
  const { data } = await lab.post(PROXY, form);
  return data as { ticket: string; port: string; password?: string; upid: string; user: string; cert: string };
}

function open(proxy: { ticket: string; port: string }, who = OPERATOR, vmid = 101): Promise<Reply> {
  return lab.get(
    `/nodes/pve1/qemu/${vmid}/vncwebsocket`,
    { port: proxy.port, vncticket: proxy.ticket },
    { authorization: authorizationOf(who), upgrade: 'websocket', 'sec-websocket-protocol': 'binary' },
  );
}

describe('(e) vncproxy', () => {
  it('answers a ticket with the password in front, and the port as text', async () => {
    const { ticket, port, user, upid, cert } = await ask();
    expect(ticket).toMatch(/^[!-`]{8}:PVEVNC:[0-9A-F]{8}::/);
    expect(port).toMatch(/^59\d\d$/);
    expect([user, lab.task(upid).type]).toEqual([OPERATOR, 'vncproxy']);
    expect(cert).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });

  it("gives the password alone too; it is the ticket's first eight characters", async () => {
    const { ticket, password } = await ask({ websocket: 1, 'generate-password': 1 });
    expect(password).toHaveLength(8);
    expect(ticket.slice(0, 8)).toBe(password);
  });

  it('tells the password whether or not it was asked to, but for a serial screen without WebSocket', async () => {
    expect((await ask()).password).toHaveLength(8);
    await lab.put('/nodes/pve1/qemu/100/config', { serial0: 'socket', vga: 'serial0' });
    await lab.run('POST', '/nodes/pve1/qemu/100/status/start');
    const { data } = await lab.post('/nodes/pve1/qemu/100/vncproxy');
    expect([data.password, data.ticket]).toEqual([undefined, expect.stringMatching(/^PVEVNC:/)]);
  });

  it('of a serial screen of a VM that is off fails when its port is not there', async () => {
    await lab.put('/nodes/pve1/qemu/100/config', { serial0: 'socket', vga: 'serial0' });
    const { reason, ms } = await lab.post('/nodes/pve1/qemu/100/vncproxy', { websocket: 1 });
    expect(reason).toMatch(/^Timeout while waiting for port '59\d\d' to get ready!$/);
    expect(ms).toBeGreaterThan(5000);
  });

  it('takes another port for each console', async () => {
    const [first, second] = [await ask(), await ask()];
    expect(second.port).not.toBe(first.port);
  });

  it('ends when nobody connects for ten seconds', async () => {
    const { upid } = await ask();
    lab.clock.advance(9999);
    expect(lab.simulator.world.tasks.isRunning(upid)).toBe(true);
    lab.clock.advance(1);
    expect(lab.task(upid).exitstatus).toBe('connection timed out');
  });

  it('needs VM.Console', async () => {
    const { reason } = await lab.post(PROXY, {}, 'viewer@pve!ro');
    expect(reason).toBe('Permission check failed (/vms/101, VM.Console)');
  });
});

describe('(e) vncwebsocket', () => {
  it('upgrades the connection of an API token, with the protocol that was asked for', async () => {
    const { answer } = await open(await ask());
    expect(answer.status).toBe(101);
    expect(answer.headers).toMatchObject({ Upgrade: 'websocket', 'Sec-WebSocket-Protocol': 'binary' });
    expect(answer.upgrade).toMatchObject({ kind: 'vnc', vmid: 101 });
  });

  it("has the password as QEMU's", async () => {
    const proxy = await ask();
    const { answer } = await open(proxy);
    expect(answer.upgrade?.secret).toBe(proxy.ticket.slice(0, 8));
  });

  it('is only for the identity that asked for the console, not even for a sibling', async () => {
    await lab.put('/access/acl', { path: '/', users: 'operator@pve', roles: 'PVEAdmin' });
    const { data } = await lab.post(PROXY, { websocket: 1 }, 'operator@pve!op');
    expect(await open(data, 'operator@pve!other')).toMatchObject({
      status: 401,
      reason: 'permission denied - invalid PVEVNC ticket',
    });
    expect((await open(data, 'operator@pve!op')).status).toBe(101);
  });

  it('is only for that VM and that port', async () => {
    const proxy = await ask();
    expect((await open(proxy, OPERATOR, 100)).status).toBe(401);
    expect((await open({ ...proxy, port: '5999' })).status).toBe(401);
  });

  it('takes a ticket for 40 seconds', async () => {
    const proxy = await ask();
    lab.clock.advance(41_000);
    expect((await open(proxy)).reason).toBe('permission denied - invalid PVEVNC ticket');
  });

  it('keeps the task running as long as the console is open', async () => {
    const proxy = await ask();
    const { answer } = await open(proxy);
    lab.clock.advance(3_600_000);
    expect(lab.simulator.world.tasks.isRunning(proxy.upid)).toBe(true);
    answer.upgrade?.closed();
    lab.clock.advance(10);
    expect(lab.task(proxy.upid).exitstatus).toBe('OK');
  });

  it('must come to the node that served vncproxy', async () => {
    const proxy = await ask();
    const answer = await lab.until(
      lab.simulator.handle({
        method: 'GET',
        node: 'pve2',
        target: `/api2/json/nodes/pve1/qemu/101/vncwebsocket?port=${proxy.port}&vncticket=${encodeURIComponent(proxy.ticket)}`,
        headers: { authorization: authorizationOf(OPERATOR), upgrade: 'websocket' },
      }),
    );
    expect(answer.upgrade).toBeUndefined();
  });
});

describe('(e) termproxy', () => {
  const terminal = async (who: Caller) => {
    const { data } = await lab.post('/nodes/pve1/qemu/101/termproxy', {}, who);
    const query = { port: data.port, vncticket: data.ticket };
    const headers = typeof who === 'string' ? { authorization: authorizationOf(who) } : who;
    const upgrade = { ...headers, upgrade: 'websocket' };
    const { answer } = await lab.get('/nodes/pve1/qemu/101/vncwebsocket', query, upgrade);
    return { answer, ticket: data.ticket as string };
  };

  it('asks for user and ticket as the first line', async () => {
    const { answer, ticket } = await terminal(await lab.login('root@pam', 'root-password'));
    expect(answer.upgrade).toMatchObject({ kind: 'terminal', secret: `root@pam:${ticket}\n` });
  });

  it('lets tokens in from 9 on: on 8.4 the call is answered, but no first line is right', async () => {
    const { answer: before } = await terminal(OPERATOR);
    expect(before.upgrade).toMatchObject({ kind: 'terminal', secret: '' });
    lab = new Lab(undefined, { release: '9.2' });
    const { answer, ticket } = await terminal(OPERATOR);
    expect(answer.upgrade?.secret).toBe(`${OPERATOR}:${ticket}\n`);
  });
});

describe('(e) the role that the documentation has made for consoles', () => {
  const page = readFileSync(new URL('../../docs/operations/proxmox-permissions.md', import.meta.url), 'utf8');
  const CONSOLE = 'nobody@pve!none';

  beforeEach(async () => {
    const [, privileges = ''] = /pveum role add BerthConsole --privs "([^"]*)"/.exec(page) ?? [];
    lab = new Lab(undefined, { release: '9.2' });
    lab.state.access.roles.BerthConsole = privileges.split(' ');
    await lab.put('/access/acl', { path: '/vms', users: 'nobody@pve', roles: 'BerthConsole' });
  });

  it('opens screens and terminals of machines', async () => {
    const { data } = await lab.post(PROXY, { websocket: 1 }, CONSOLE);
    expect((await open(data, CONSOLE)).status).toBe(101);
    expect((await lab.post('/nodes/pve1/qemu/101/termproxy', {}, CONSOLE)).status).toBe(200);
  });

  it.each([
    ['GET', '/nodes/pve1/qemu/101/config', {}],
    ['GET', '/nodes/pve1/qemu/101/status/current', {}],
    ['PUT', '/nodes/pve1/qemu/101/config', { cores: 2 }],
    ['POST', '/nodes/pve1/qemu/101/status/stop', {}],
    ['POST', '/nodes/pve1/qemu/101/clone', { newid: 200 }],
    ['DELETE', '/nodes/pve1/qemu/101', {}],
    ['POST', '/nodes/pve1/qemu', { vmid: 200 }],
    ['GET', '/nodes/pve1/qemu/101/agent/info', {}],
    ['GET', '/nodes/pve1/status', {}],
  ])('may not %s %s', async (method, path, form) => {
    expect((await lab.call(method, path, form, CONSOLE)).status).toBe(403);
  });

  it('sees no machine in any list', async () => {
    expect((await lab.get('/cluster/resources', { type: 'vm' }, CONSOLE)).data).toEqual([]);
    expect((await lab.get('/nodes/pve1/qemu', {}, CONSOLE)).data).toEqual([]);
  });
});
