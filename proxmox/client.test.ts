import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CallName, calls } from './calls.ts';
import { createProxmoxClient, type ProxmoxClient } from './client.ts';
import { type Capture, describeOracle, readCaptures } from './testing/oracle.ts';
import { data, failure, type Respond, startServer, type TestServer, trusted } from './testing/server.ts';
import { createTransport, type HttpTransport } from './transport.ts';
import type { Upid } from './upid.ts';
import type { ConfigChange } from './vms.ts';

const upid = 'UPID:pve1:00001031:0006EC15:6B02400B:qmclone:9000:berth@pve!operator:' as Upid;

let respond: Respond;
let server: TestServer;
let transport: HttpTransport;
let client: ProxmoxClient;

beforeAll(async () => {
  server = await startServer((...args) => respond(...args));
  const token = () => 'berth@pve!operator=secret';
  transport = createTransport({ endpoints: [server.origin], token, tls: { caBundle: trusted.pem } });
  client = createProxmoxClient(transport);
});

afterAll(async () => {
  await transport[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** What a call sends, and what comes of the answer. */
async function exchange<Result>(answer: Respond, call: () => Promise<Result>) {
  respond = answer;
  const before = server.requests.length;
  const result = await call();
  const [request] = server.requests.slice(before);
  return { sent: `${request?.method} ${request?.target} ${request?.body}`.trim(), result };
}

describe('a write', () => {
  test('clone', async () => {
    const options = { newid: 101, name: 'web', description: 'a=b\n; c', full: true, pool: 'k8s' };
    expect(await exchange(data(upid), () => client.clone('pve1', 9000, options))).toEqual({
      sent: 'POST /api2/json/nodes/pve1/qemu/9000/clone newid=101&name=web&description=a%3Db%0A%3B%20c&full=1&pool=k8s',
      result: upid,
    });
  });

  test('create sends everything about a machine at once', async () => {
    const set = { name: 'web', scsi0: 'fast:20', ide2: 'local:iso/a.iso,media=cdrom', boot: 'order=scsi0;ide2' };
    expect(await exchange(data(upid), () => client.create('pve1', 101, set))).toEqual({
      sent: 'POST /api2/json/nodes/pve1/qemu vmid=101&name=web&scsi0=fast%3A20&ide2=local%3Aiso%2Fa.iso%2Cmedia%3Dcdrom&boot=order%3Dscsi0%3Bide2',
      result: upid,
    });
    await expect(client.create('pve1', 101, { args: '-device x' })).rejects.toMatchObject({ kind: 'invalid' });
  });

  test('configure sends values, deletions and the digest at once', async () => {
    const change = {
      set: { cores: 2, tags: 'berth;web', onboot: true },
      delete: ['hookscript', 'net1'],
      digest: 'abc',
    };
    expect((await exchange(data(null), () => client.configure('pve1', 101, change))).sent).toBe(
      'PUT /api2/json/nodes/pve1/qemu/101/config cores=2&tags=berth%3Bweb&onboot=1&delete=hookscript%2Cnet1&digest=abc',
    );
  });

  test.each<Pick<ConfigChange, 'set' | 'delete'>>([
    { set: { args: '-device x' } },
    { set: { hookscript: 'local:snippets/x' } },
    { set: { cicustom: 'user=local:snippets/x' } },
    { set: { lock: 'backup' } },
    { set: { hostpci0: '00:02.0' } },
    { set: { usb0: 'host=1-2' } },
    { set: { net32: 'virtio' } },
    { set: { skiplock: 1 } },
    { set: { delete: 'net0' } },
    { set: { digest: 'mine' } },
    { set: {}, delete: ['net0,protection'] },
  ])('configure refuses $set $delete and sends nothing', async change => {
    const before = server.requests.length;
    const call = client.configure('pve1', 101, { ...change, digest: 'abc' });
    await expect(call).rejects.toMatchObject({ kind: 'invalid', outcomeUnknown: false });
    expect(server.requests).toHaveLength(before);
  });

  test.each<[string, (client: ProxmoxClient) => Promise<Upid>, string]>([
    ['resize', c => c.resize('pve1', 101, { disk: 'scsi0', size: '32G' }), 'PUT …/resize disk=scsi0&size=32G'],
    ['start', c => c.start('pve1', 101), 'POST …/status/start'],
    ['stop', c => c.stop('pve1', 101, { overruleShutdown: true }), 'POST …/status/stop overrule-shutdown=1'],
    ['shutdown', c => c.shutdown('pve1', 101), 'POST …/status/shutdown'],
    [
      'shutdown, then stop',
      c => c.shutdown('pve1', 101, { timeoutSeconds: 180, forceStop: true }),
      'POST …/status/shutdown timeout=180&forceStop=1',
    ],
    ['suspend', c => c.suspend('pve1', 101), 'POST …/status/suspend'],
    ['resume', c => c.resume('pve1', 101), 'POST …/status/resume'],
    [
      'destroy',
      c => c.destroy('pve1', 101, { purge: true, destroyUnreferencedDisks: false }),
      'DELETE …?purge=1&destroy-unreferenced-disks=0',
    ],
  ])('%s answers the identifier of a task', async (_, call, sent) => {
    expect(await exchange(data(upid), () => call(client))).toEqual({
      sent: sent.replace('…', '/api2/json/nodes/pve1/qemu/101'),
      result: upid,
    });
  });

  test('whose answer is not the identifier of a task may have been done', async () => {
    respond = data(null);
    await expect(client.start('pve1', 101)).rejects.toMatchObject({ kind: 'failed', outcomeUnknown: true });
  });
});

describe('a config', () => {
  test.each([
    [undefined, ''],
    [{ current: true }, '?current=1'],
  ])('is asked for as it is to be, or as it runs: %j', async (options, query) => {
    const { sent } = await exchange(data({ digest: 'abc' }), () => client.vmConfig('pve1', 101, options));
    expect(sent).toBe(`GET /api2/json/nodes/pve1/qemu/101/config${query}`);
  });

  test('of a VM that is not there is missing', async () => {
    respond = failure(500, "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist");
    await expect(client.vmConfig('pve1', 101)).rejects.toMatchObject({ kind: 'missing', status: 500 });
  });
});

describe('the cluster', () => {
  test('is quorate on its own', async () => {
    const entries = [{ type: 'node', name: 'pve1', online: 1, id: 'node/pve1' }];
    const { result } = await exchange(data(entries), () => client.clusterStatus());
    expect(result).toEqual({ clusterName: undefined, quorate: true, nodes: [{ name: 'pve1', online: true }] });
  });

  test('says so when it has no quorum', async () => {
    const entries = [
      { type: 'cluster', name: 'lab', quorate: 0, nodes: 2 },
      { type: 'node', name: 'pve1', online: '1' },
      { type: 'node', name: 'pve2' },
    ];
    const { result } = await exchange(data(entries), () => client.clusterStatus());
    expect(result).toMatchObject({ clusterName: 'lab', quorate: false, nodes: [{ online: true }, { online: false }] });
  });

  test('tells a VMID that is taken, and one that is free', async () => {
    const taken = failure(400, 'Parameter verification failed.', { vmid: 'VM 200 already exists' });
    expect(await exchange(taken, () => client.nextIdTaken(200))).toEqual({
      sent: 'GET /api2/json/cluster/nextid?vmid=200',
      result: true,
    });
    expect((await exchange(data('201'), () => client.nextIdTaken(201))).result).toBe(false);
  });

  test('that fails to answer leaves open whether a VMID is taken', async () => {
    respond = failure(500, 'cluster not ready - no quorum?');
    await expect(client.nextIdTaken(200)).rejects.toMatchObject({ kind: 'transient' });
  });

  test('has an inventory of VMs, containers, nodes and storages', async () => {
    const entries = [
      { type: 'qemu', id: 'qemu/100', vmid: 100, node: 'pve1', status: 'running', tags: 'a;b', template: 0, cpu: 0.1 },
      { type: 'qemu', id: 'qemu/101', vmid: '101', node: 'pve1', lock: 'clone', status: 'unknown' },
      { type: 'lxc', id: 'lxc/102', vmid: 102, node: 'pve1', status: 'stopped' },
      { type: 'node', node: 'pve1', status: 'online', maxcpu: 8, maxmem: 1024 },
      { type: 'storage', node: 'pve1', storage: 'local', status: 'available', shared: 0, content: 'iso,images' },
      { type: 'sdn', sdn: 'localnetwork', node: 'pve1' },
    ];
    const { result } = await exchange(data(entries), () => client.resources());
    expect(result.vms).toMatchObject([
      { type: 'qemu', vmid: 100, status: 'running', tags: ['a', 'b'], template: false },
      { type: 'qemu', vmid: 101, status: 'unknown', lock: 'clone', tags: [] },
      { type: 'lxc', vmid: 102 },
    ]);
    expect(result.nodes).toMatchObject([{ name: 'pve1', online: true, cpus: 8, memoryBytes: 1024 }]);
    expect(result.storages).toMatchObject([
      { name: 'local', available: true, shared: false, content: ['iso', 'images'] },
    ]);
  });

  test('with one line that cannot be read has no inventory, rather than one that lacks a VM', async () => {
    respond = data([
      { type: 'qemu', vmid: 100, node: 'pve1' },
      { type: 'qemu', node: 'pve1' },
    ]);
    await expect(client.resources()).rejects.toMatchObject({ kind: 'failed', outcomeUnknown: false });
  });
});

describe('a task', () => {
  test.each([
    [{ status: 'running' }, { state: 'running' }],
    [
      { status: 'stopped', exitstatus: 'OK' },
      { state: 'ended', ok: true, warnings: 0, exit: 'OK' },
    ],
    [
      { status: 'stopped', exitstatus: 'WARNINGS: 2' },
      { state: 'ended', ok: true, warnings: 2, exit: 'WARNINGS: 2' },
    ],
    [
      { status: 'stopped', exitstatus: 'VM is locked (backup)' },
      { state: 'ended', ok: false, warnings: 0, exit: 'VM is locked (backup)' },
    ],
    [{ status: 'stopped' }, { state: 'ended', ok: false, warnings: 0, exit: 'unexpected status' }],
  ])('with %j is %j', async (answer, status) => {
    expect(await exchange(data(answer), () => client.taskStatus(upid))).toEqual({
      sent: `GET /api2/json/nodes/pve1/tasks/${encodeURIComponent(upid)}/status`,
      result: status,
    });
  });

  test('that its node does not know has vanished', async () => {
    const unknown = failure(400, 'Parameter verification failed.', { upid: 'no such task' });
    expect((await exchange(unknown, () => client.taskStatus(upid))).result).toEqual({ state: 'vanished' });
  });

  test('is cancelled by its identifier', async () => {
    expect((await exchange(data(null), () => client.cancelTask(upid))).sent).toBe(
      `DELETE /api2/json/nodes/pve1/tasks/${encodeURIComponent(upid)}`,
    );
  });
});

describeOracle('every captured answer', () => {
  /** How to have the client read the answer of a route. */
  const readers: Partial<Record<CallName, (at: Record<string, string>) => Promise<unknown>>> = {
    version: () => client.version(),
    permissions: () => client.permissions(),
    clusterStatus: () => client.clusterStatus(),
    resources: () => client.resources(),
    storages: ({ node = '' }) => client.storages(node),
    volumes: ({ node = '', storage = '' }) => client.volumes(node, storage, 'iso'),
    vms: ({ node = '' }) => client.listVms(node),
    vmConfig: ({ node = '', vmid }) => client.vmConfig(node, Number(vmid)),
    vmStatus: ({ node = '', vmid }) => client.vmStatus(node, Number(vmid)),
    clone: ({ node = '', vmid }) =>
      client.clone(node, Number(vmid), { newid: 1, name: 'a', description: 'b', full: true }),
    resize: ({ node = '', vmid }) => client.resize(node, Number(vmid), { disk: 'scsi0', size: '1G' }),
    start: ({ node = '', vmid }) => client.start(node, Number(vmid)),
    stop: ({ node = '', vmid }) => client.stop(node, Number(vmid)),
    shutdown: ({ node = '', vmid }) => client.shutdown(node, Number(vmid)),
    resume: ({ node = '', vmid }) => client.resume(node, Number(vmid)),
    destroy: ({ node = '', vmid }) =>
      client.destroy(node, Number(vmid), { purge: true, destroyUnreferencedDisks: true }),
    snapshots: ({ node = '', vmid }) => client.snapshots(node, Number(vmid)),
    takeSnapshot: ({ node = '', vmid }) =>
      client.takeSnapshot(node, Number(vmid), { name: 'one', description: 'b', memory: false }),
    deleteSnapshot: ({ node = '', vmid, snapname = '' }) =>
      client.deleteSnapshot(node, Number(vmid), snapname, { force: false }),
    rollback: ({ node = '', vmid, snapname = '' }) => client.rollback(node, Number(vmid), snapname),
    tasks: ({ node = '' }) => client.tasks(node, { source: 'all' }),
    taskStatus: () => client.taskStatus(upid),
  };

  /** The values of a route's placeholders, where the capture is of that route and has its answer. */
  function matchOf({ request, status, body }: Capture, name: CallName): Record<string, string> | undefined {
    const { method, route } = calls[name];
    const pattern = new RegExp(`^/api2/json${route.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
    const match =
      request.method === method && status === 200 && body !== ''
        ? pattern.exec(request.target.split('?')[0] ?? '')
        : null;
    return match === null ? undefined : { ...match.groups };
  }

  test.each(Object.entries(readers))('of %s is understood', async (name, read) => {
    let count = 0;
    for (const capture of readCaptures()) {
      const at = matchOf(capture, name as CallName);
      if (at === undefined) continue;
      respond = (_, response) => response.end(capture.body);
      await expect(read(at), `capture ${capture.seq}`).resolves.not.toThrow();
      count++;
    }
    expect(count).toBeGreaterThan(0);
  });
});
