import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RealClock } from '#simulator/engine/clock.ts';
import { type Served, serve } from '#simulator/http/server.ts';
import type { Release } from '#simulator/schema/routes.ts';
import { createSimulator, type Simulator } from '#simulator/simulator.ts';
import { exampleSeed } from '#simulator/state/example-seed.ts';
import { runPython, whyNoPython } from './python.ts';

const missing = whyNoPython();

/** What lifecycle.py prints. */
const seen = z.object({
  version: z.string(),
  token: z.string(),
  created: z.string(),
  configured: z.array(z.union([z.string(), z.number()])),
  snapshots: z.array(z.string()),
  migrated: z.string(),
  gone: z.string(),
  denied: z.number(),
});

const title = missing === undefined ? 'proxmoxer' : `proxmoxer (skipped: ${missing})`;

describe.skipIf(missing).each<Release>(['8.4', '9.2'])(`${title} against %s`, release => {
  let simulator: Simulator;
  let served: Served;
  let folder: string;

  beforeAll(async () => {
    simulator = createSimulator(exampleSeed, { clock: new RealClock(), release });
    served = await serve(simulator);
    folder = await mkdtemp(join(tmpdir(), 'berth-proxmoxer-'));
    await writeFile(join(folder, 'ca.pem'), served.ca);
  });

  afterAll(async () => {
    await served.close();
    await rm(folder, { recursive: true });
  });

  it('makes a user and a token, and leads a VM from its creation to its end', async () => {
    const before = Object.keys(simulator.state.vms);
    const output = await runPython('lifecycle.py', [`127.0.0.1:${served.port}`, join(folder, 'ca.pem'), 'simulator']);
    expect(seen.parse(JSON.parse(output))).toMatchObject({
      version: expect.stringMatching(release === '8.4' ? /^8\.4/ : /^9\./),
      token: 'life@pve!cycle',
      created: 'ceph:vm-100-disk-0,size=4G',
      configured: ['second', 2, '1024', 'a;b', 'ceph:vm-101-disk-0,size=6G'],
      snapshots: ['before', 'current'],
      migrated: 'running',
      gone: expect.stringMatching(/^500 Configuration file 'nodes\/pve2\/qemu-server\/101\.conf' does not exist/),
      denied: 403,
    });
    expect(Object.keys(simulator.state.vms)).toEqual(before);
    expect(simulator.state.access.users['life@pve']?.tokens).toHaveProperty('cycle');
    const types = Object.values(simulator.state.tasks).map(({ type }) => type);
    const work = [
      'qmcreate',
      'qmclone',
      'resize',
      'qmsnapshot',
      'qmdelsnapshot',
      'qmstart',
      'qmigrate',
      'qmstop',
      'qmdestroy',
    ];
    expect(new Set(types)).toEqual(new Set(work));
  });
});
