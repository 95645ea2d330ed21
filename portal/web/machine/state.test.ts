import { describe, expect, test } from 'vitest';
import { powerOf, primaryOf } from './abilities.ts';
import { attentionOf, type State, stateOf, states } from './state.ts';
import { stepsOf } from './steps.ts';
import { machineWith } from './testing/machine.ts';

const unmade = { createdAt: undefined, powerState: undefined };
const all = { create: true, update: true, delete: true, console: true, restart: true, reset: true, metrics: true };

describe('the state of a machine', () => {
  test('is its power while nothing happens', () => {
    expect(stateOf(machineWith())).toBe('Running');
    expect(stateOf(machineWith({ spec: { powerState: 'Stopped' }, status: { powerState: 'Stopped' } }))).toBe(
      'Stopped',
    );
    expect(stateOf(machineWith({ status: { powerState: 'Paused' } }))).toBe('Paused');
  });

  test('changes as soon as something is asked for, before the operator has seen it', () => {
    const asked = { metadata: { generation: 2 } };
    expect(stateOf(machineWith({ ...asked, spec: { powerState: 'Stopped' } }))).toBe('Stopping');
    expect(stateOf(machineWith({ ...asked, status: { powerState: 'Stopped' } }))).toBe('Starting');
    expect(stateOf(machineWith(asked))).toBe('Changing');
  });

  test('is one of being made, waiting or failed until the machine was seen complete', () => {
    const cloning = { Provisioned: ['False', 'Cloning'] } as const;
    expect(stateOf(machineWith({ status: unmade }))).toBe('Creating');
    expect(stateOf(machineWith({ status: unmade, conditions: { ...cloning } as never }))).toBe('Creating');
    expect(stateOf(machineWith({ status: unmade, conditions: { QuotaReserved: ['False', 'QuotaExceeded'] } }))).toBe(
      'Waiting',
    );
    expect(stateOf(machineWith({ status: unmade, conditions: { Scheduled: ['False', 'NoNodeFits'] } }))).toBe(
      'Waiting',
    );
    expect(stateOf(machineWith({ status: unmade, conditions: { Scheduled: ['False', 'Claiming'] } }))).toBe('Creating');
    expect(stateOf(machineWith({ status: unmade, conditions: { Stalled: ['True', 'TemplateNotFound'] } }))).toBe(
      'Failed',
    );
  });

  test('F12: is Deleting until it is gone, whatever else', () => {
    const deleted = { metadata: { deletionTimestamp: '2026-01-02T00:00:00Z' } };
    expect(stateOf(machineWith({ ...deleted, conditions: { Stalled: ['True', 'StuckLock'] } }))).toBe('Deleting');
  });

  test('F119: is Missing where it was removed behind our back', () => {
    expect(stateOf(machineWith({ conditions: { Missing: ['True', 'RemovedInProxmox'] } }))).toBe('Missing');
  });

  test('stays its power where only a change of it is stuck', () => {
    expect(stateOf(machineWith({ conditions: { Stalled: ['True', 'ResizeRejected'] } }))).toBe('Running');
  });
});

describe('what needs attention', () => {
  test('is nothing while all is well or merely under way', () => {
    expect(attentionOf(machineWith())).toBeUndefined();
    const making = machineWith({
      status: unmade,
      conditions: { Provisioned: ['False', 'Cloning'], Reconciling: ['True', 'Progressing'] },
    });
    expect(attentionOf(making)).toBeUndefined();
  });

  test('names the reason of the step that is held up, and whether a person must act', () => {
    const full = machineWith({ status: unmade, conditions: { QuotaReserved: ['False', 'QuotaExceeded'] } });
    expect(attentionOf(full)).toMatchObject({ kind: 'waiting', reason: 'QuotaExceeded' });
    const stuck = machineWith({ conditions: { Stalled: ['True', 'StuckLock'] } });
    expect(attentionOf(stuck)).toMatchObject({ kind: 'problem', reason: 'StuckLock' });
    const retrying = machineWith({
      conditions: {
        Provisioned: ['False', 'CloneFailed'],
        Ready: ['False', 'Failed'],
        Reconciling: ['True', 'Retrying'],
      },
    });
    expect(attentionOf(retrying)).toMatchObject({ kind: 'waiting', reason: 'CloneFailed' });
  });

  test('F55: tells what waits for a restart', () => {
    const pending = machineWith({ status: { restartRequiredFor: ['cpu', 'memory'] } });
    expect(attentionOf(pending)).toEqual({ kind: 'notice', reason: 'RestartRequired', message: 'cpu, memory' });
  });
});

test('F21: steps are done up to the one that is under way or has failed', () => {
  const conditions = {
    QuotaReserved: ['True', 'Reserved'],
    Scheduled: ['True', 'NodeSelected'],
    Provisioned: ['False', 'Cloning'],
  } as const;
  const progress = (more = {}) =>
    stepsOf(machineWith({ conditions: { ...conditions, ...more } as never })).map(step => step.state);
  expect(progress()).toEqual(['done', 'done', 'now', 'later', 'later']);
  expect(progress({ Stalled: ['True', 'CloneFailed'] })).toEqual(['done', 'done', 'failed', 'later', 'later']);
});

describe('F40: power actions', () => {
  test('are those that make sense in a state', () => {
    expect(powerOf('Running', all)).toEqual(['Shutdown', 'Restart', 'Pause', 'Stop', 'Reset']);
    expect(powerOf('Stopped', all)).toEqual(['Start']);
    expect(powerOf('Deleting', all)).toEqual([]);
  });

  test('F41: offer to force a stop while a shutdown hangs', () => {
    expect(powerOf('Stopping', all)).toEqual(['Stop']);
  });

  test('are those that are granted', () => {
    expect(powerOf('Running', { ...all, update: false })).toEqual(['Restart', 'Reset']);
    expect(powerOf('Running', { update: false, restart: false })).toEqual([]);
  });

  test('have one that comes first in a state, and none where nothing is to be done', () => {
    const first = Object.fromEntries(states.map((state: State) => [state, primaryOf(state, all)]));
    expect(first).toMatchObject({ Running: 'Console', Stopped: 'Start', Paused: 'Start' });
    expect(first.Deleting).toBeUndefined();
    expect(primaryOf('Stopped', { ...all, update: false })).toBeUndefined();
  });
});
