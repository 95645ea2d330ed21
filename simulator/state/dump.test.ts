import { describe, expect, it } from 'vitest';
import { createSimulator } from '../simulator.ts';
import { Lab } from '../testing/lab.ts';
import { endTasks, parseDump } from './dump.ts';

const CLONE = '/nodes/pve1/qemu/9000/clone';

describe('a dump', () => {
  it('makes the same cluster again, through JSON', async () => {
    const lab = new Lab();
    await lab.run('POST', CLONE, { newid: 200, name: 'web', pool: 'team' });
    await lab.put('/nodes/pve1/qemu/101/config', { cores: 4 });
    const dump = lab.simulator.dump();
    const again = createSimulator(JSON.parse(JSON.stringify(dump)));
    expect(again.dump()).toEqual(dump);
    expect(again.clock.now()).toBe(lab.clock.now());
  });

  it('knows no workers: a task that ran is dead, and what it was at is left half done', async () => {
    const lab = new Lab();
    const { data: upid } = await lab.post(CLONE, { newid: 200 });
    lab.clock.advance(50);
    const { state } = createSimulator(lab.simulator.dump());
    expect(state.tasks[upid]?.exitstatus).toBe('unexpected status');
    expect(state.vms[200]?.config.current.lock).toBe('clone');
  });

  it('can be loaded into a running simulator', async () => {
    const lab = new Lab();
    const before = lab.simulator.dump();
    const { data: upid } = await lab.post(CLONE, { newid: 200 });
    lab.clock.advance(50);
    lab.simulator.load(before);
    lab.clock.runUntilIdle();
    expect(lab.simulator.world.tasks.isRunning(upid)).toBe(false);
    expect(lab.state.vms[200]).toBeUndefined();
    expect((await lab.post(CLONE, { newid: 200 })).status).toBe(200);
  });

  it('is told apart from what is none', () => {
    expect(() => parseDump({ release: '7.4', state: {} })).toThrow(/the dump is not valid.*at release/s);
  });

  it('leaves ended tasks as they are', async () => {
    const lab = new Lab();
    const task = await lab.run('POST', CLONE, { newid: 200 });
    endTasks(lab.state, lab.clock.now());
    expect(task.exitstatus).toBe('OK');
  });
});
