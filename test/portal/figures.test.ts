import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chooseFigures } from '#cli/demo/portal.ts';
import { operatorMetrics } from '#portal/server/metrics-source.ts';
import { eventually } from '../eventually.ts';
import { type Lab, quotaLab, quotaNamespace, removeNamespace } from '../quota/lab.ts';
import { createMachine, readMachine } from '../quota/machines.ts';

let lab: Lab;
let namespace: string;
let url: string;
let scrape: () => Promise<string>;

beforeAll(async () => {
  lab = await quotaLab();
  const figures = await chooseFigures();
  url = figures.url;
  const { metricsUrl } = await lab.startOperator(...figures.operatorFlags);
  scrape = async () => (await fetch(metricsUrl)).text();
  namespace = await quotaNamespace(lab, { hard: { vms: 5 } });
  await createMachine(lab, namespace, 'one', { powerState: 'Running' });
  await eventually(async () =>
    expect((await readMachine(lab, namespace, 'one')).status?.printableStatus).toBe('Running'),
  );
});

afterAll(async () => {
  await removeNamespace(lab, namespace);
  await lab.close();
});

/** A token of a ServiceAccount of berth-system. */
async function tokenOf(name: string, audiences: string[]): Promise<string> {
  const answer = await lab.kube.connection.request({
    method: 'POST',
    path: `/api/v1/namespaces/berth-system/serviceaccounts/${name}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences, expirationSeconds: 600 } },
  });
  return (answer as { status: { token: string } }).status.token;
}

const ask = (path: string, token?: string) =>
  fetch(`${url}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });

const path = (range: string) => `/v1/namespaces/${namespace}/machines/one/metrics?range=${range}`;

describe('F59: the figures of a machine', () => {
  test('are those of the shared poll now, and charts of Proxmox for an hour, a day and a week', async () => {
    const token = await tokenOf('berth-portal', ['berth-operator']);
    const source = operatorMetrics({ urls: async () => [url], token: async () => token });
    await eventually(async () => {
      const now = await source.read(namespace, 'one', 'now');
      expect(now).toMatchObject({ cpus: 1, memoryMaxBytes: 512 * 2 ** 20, points: [{ cpu: expect.any(Number) }] });
      expect(now.uptimeSeconds).toBeGreaterThanOrEqual(0);
    });
    for (const range of ['hour', 'day', 'week'] as const) {
      const { points } = await source.read(namespace, 'one', range);
      expect(points.length, range).toBe(70);
      expect(Date.parse(points[69]?.time ?? '')).toBeGreaterThan(Date.parse(points[0]?.time ?? ''));
    }
    await expect(source.read(namespace, 'other', 'now')).resolves.toEqual({ points: [] });
  });

  test('need a token for them alone, and the right to virtualmachines/metrics', async () => {
    const statuses = {
      none: (await ask(path('now'))).status,
      forged: (await ask(path('now'), 'forged')).status,
      forTheApiServer: (await ask(path('now'), await tokenOf('berth-portal', []))).status,
      withoutTheRight: (await ask(path('now'), await tokenOf('default', ['berth-operator']))).status,
      right: (await ask(path('now'), await tokenOf('berth-portal', ['berth-operator']))).status,
    };
    expect(statuses).toEqual({ none: 401, forged: 401, forTheApiServer: 401, withoutTheRight: 403, right: 200 });
  });

  test.each([
    '/v1/namespaces/../machines/one/metrics?range=now',
    '/',
    '/metrics',
    '/v1/namespaces/a/machines/b/metrics?range=year',
  ])('are at no other path: %s', async other =>
    expect((await ask(other, await tokenOf('berth-portal', ['berth-operator']))).status).toBe(404),
  );

  test('F147: are Prometheus series too, and in no resource', async () => {
    const { status } = await readMachine(lab, namespace, 'one');
    const labels = `namespace="${namespace}",name="one",cluster="lab",node="${status?.node}",vmid="${status?.vmid}"`;
    await eventually(async () => expect(await scrape()).toContain(`berth_vm_running{${labels}} 1`));
    const text = await scrape();
    expect(text).toContain(`berth_vm_memory_bytes{${labels}} ${512 * 2 ** 20}`);
    expect(text).toMatch(/# TYPE berth_vm_cpu_ratio gauge/);
    // Polls later the resource is the same.
    const uptime = async () => Number(/^berth_vm_uptime_seconds\{.*\} (\d+)$/m.exec(await scrape())?.[1]);
    const stateOf = async () => (await readMachine(lab, namespace, 'one')).metadata.resourceVersion;
    await eventually(async () => {
      const [state, before] = [await stateOf(), await uptime()];
      await eventually(async () => expect(await uptime()).toBeGreaterThan(before + 5));
      expect(await stateOf()).toBe(state);
    });
  });
});
