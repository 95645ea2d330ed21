import { expect, test } from 'vitest';
import { machineWith } from '../machine/testing/machine.ts';
import { powerPatch } from './actions.ts';

test('F40: starting and shutting down say what is desired', () => {
  expect(powerPatch('Start', machineWith())).toEqual({ powerState: 'Running' });
  expect(powerPatch('Shutdown', machineWith())).toEqual({ powerState: 'Stopped' });
  expect(powerPatch('Pause', machineWith())).toEqual({ powerState: 'Paused' });
});

test('F41: pulling the plug is taken back with the next ordinary action', () => {
  expect(powerPatch('Stop', machineWith())).toEqual({ powerState: 'Stopped', shutdown: { mode: 'Hard' } });
  const pulled = machineWith({ spec: { shutdown: { mode: 'Hard' } } });
  expect(powerPatch('Start', pulled)).toEqual({ powerState: 'Running', shutdown: { mode: null } });
});
