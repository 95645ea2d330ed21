import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BerthProcess } from '#cli/demo/berth-process.ts';
import { isReady, listMachines } from '#cli/demo/machines.ts';
import { boots, disagreements } from '#cli/demo/proxmox-check.ts';
import { connectProxmox, type Stage, setStage } from '#cli/demo/stage.ts';
import type { Request } from '#simulator/http/message.ts';
import { sharedControlPlane } from '../control-plane/shared.ts';
import { patienceMs } from '../eventually.ts';

let stage: Stage;
let dir: string;
const namespace = 'killed';
const count = 10;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-kill-'));
  const { signal } = new AbortController();
  stage = await setStage({
    dir,
    env: process.env,
    signal,
    log: console.error,
    controlPlane: await sharedControlPlane(),
  });
  await connectProxmox(stage, dir);
  await stage.kubectl('apply', '-f', 'examples/10-templates.yaml');
});

afterAll(async () => {
  await stage.kubectl('delete', 'vmtemplates,proxmoxclusters', '--all');
  await stage.close();
  await rm(dir, { recursive: true });
});

const machine = (index: number) => ({
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'VirtualMachine',
  metadata: { name: `vm-${index}`, namespace },
  spec: {
    source: { template: { name: 'debian-12' } },
    resources: { cpu: 1, memory: '512Mi' },
    disks: [{ name: 'root', size: '3Gi' }],
  },
});

async function applyAll(): Promise<void> {
  // VMIDs come back with each new operator, and their boots are counted by the tasks that Proxmox remembers.
  const { tasks } = stage.proxmox.simulator.state;
  for (const upid of Object.keys(tasks)) delete tasks[upid];
  const file = join(dir, 'machines.json');
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    ...Array.from({ length: count }, (_, index) => machine(index)),
  ];
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await stage.kubectl('apply', '-f', file);
}

/** The machines of this test; other tests have theirs in the same API server. */
const ownMachines = async () => (await listMachines(stage.kube)).filter(vm => vm.metadata.namespace === namespace);

/** VMIDs of machines in Proxmox that carry a marker of this test's namespace. */
const ownInProxmox = (): number[] =>
  Object.values(stage.proxmox.simulator.state.vms)
    .filter(({ config }) => config.current.description?.includes(`/${namespace}/`))
    .map(({ vmid }) => vmid);

const deleteAll = () => stage.kubectl('delete', 'namespace', namespace, '--timeout=240s');

const isClone = ({ method, target }: Request) => method === 'POST' && target.endsWith('/clone');
const isConfigure = ({ method, target }: Request) => method === 'PUT' && target.endsWith('/config');
const isDestroy = ({ method }: Request) => method === 'DELETE';

/** Kills an operator at a call to Proxmox, the fourth that matches, and resolves when it is dead. */
function killAt(operator: BerthProcess, matches: (request: Request) => boolean, when: 'before' | 'after', delayMs = 0) {
  const dead = Promise.withResolvers<void>();
  let seen = 0;
  stage.proxmox.intercept = async (request, answer) => {
    if (!matches(request)) return answer();
    seen += 1;
    if (seen !== 4) return answer();
    const kill = () => operator.kill().then(dead.resolve, dead.reject);
    if (when === 'before') {
      // The call takes effect; its answer finds nobody.
      const late = answer();
      await kill();
      return late;
    }
    const answered = await answer();
    setTimeout(kill, delayMs);
    return answered;
  };
  return dead.promise;
}

/** Lets a new operator go on, and waits until all machines are as desired. */
async function recover(): Promise<BerthProcess> {
  stage.proxmox.intercept = (_request, answer) => answer();
  const operator = await stage.startOperator();
  await expect
    .poll(async () => (await ownMachines()).filter(isReady).length, { timeout: patienceMs, interval: 300 })
    .toBe(count);
  return operator;
}

async function expectOneEach(): Promise<void> {
  const machines = await ownMachines();
  expect(machines.flatMap(vm => disagreements(vm, stage.proxmox))).toEqual([]);
  expect(new Set(machines.map(({ status }) => status?.vmid)).size).toBe(count);
  expect(ownInProxmox()).toHaveLength(count);
  for (const { status } of machines) expect(boots(stage.proxmox, status?.vmid ?? 0)).toBe(1);
}

describe('F154: an operator that is killed with ten machines in the making leaves one machine for each', () => {
  test.each([
    ["before the clone's answer", isClone, 'before', 0],
    ["right after the clone's answer, before it is reported", isClone, 'after', 0],
    ['in the middle of a clone', isClone, 'after', 400],
    ['after a write that was not reported yet', isConfigure, 'after', 0],
  ] as const)('%s', async (_instant, matches, when, delayMs) => {
    const dead = killAt(await stage.startOperator(), matches, when, delayMs);
    await applyAll();
    await dead;
    const operator = await recover();
    await expectOneEach();
    await deleteAll();
    expect(ownInProxmox()).toEqual([]);
    await operator.stop();
  });

  test('during their removal', async () => {
    const operator = await stage.startOperator();
    await applyAll();
    const ready = await recover();
    await operator.stop();
    const dead = killAt(ready, isDestroy, 'after', 100);
    const deleted = deleteAll();
    await dead;
    stage.proxmox.intercept = (_request, answer) => answer();
    const successor = await stage.startOperator();
    await deleted;
    expect(ownInProxmox()).toEqual([]);
    await successor.stop();
  });
});
