import { type Steps, sleep } from '../engine/process.ts';
import type { World } from '../engine/world.ts';
import { type Answer, plainAnswer } from '../http/message.ts';
import type { TaskFate } from '../tasks/tasks.ts';
import type { SeenCall } from './pattern.ts';
import { perform } from './perform.ts';
import type { Fault } from './rule.ts';

/** Does what a rule has in mind before a call takes effect; answers where the call then is over. */
export function* spoilBefore(world: World, fault: Fault, call: SeenCall): Steps<Answer | undefined> {
  if (fault.what === 'refuse') return broken('refused');
  return fault.when === 'before' ? yield* spoil(world, fault, call) : undefined;
}

/** Does what a rule has in mind once a call has taken effect; answers what the caller gets. */
export function* spoilAfter(world: World, fault: Fault, call: SeenCall, answer: Answer): Steps<Answer> {
  const fate = fateOf(fault);
  const upid = fate && /UPID:[^"]+/.exec(answer.body)?.[0];
  if (fate !== undefined && upid !== undefined) world.tasks.spoil(upid, fate);
  if (fault.what === 'emptied-list') return emptied(answer);
  return fault.when === 'after' ? ((yield* spoil(world, fault, call)) ?? answer) : answer;
}

function* spoil(world: World, fault: Fault, call: SeenCall): Steps<Answer | undefined> {
  switch (fault.what) {
    case 'reset':
      return broken('reset');
    case 'hang':
      yield sleep(world.clock, fault.ms);
      return broken('reset');
    case 'delay':
      yield sleep(world.clock, fault.ms);
      return undefined;
    case 'answer':
      return answerOf(fault);
    case 'refuse':
    case 'stale-read':
    case 'emptied-list':
    case 'task-error':
    case 'task-never-ends':
    case 'kill-worker':
      return undefined;
    default:
      perform(world, fault, call);
      return undefined;
  }
}

function broken(kind: 'reset' | 'refused'): Answer {
  return { ...plainAnswer(0, '', false), broken: kind, close: true };
}

/** In the form that answers of that status have: those of the proxy are empty, those of the API are JSON. */
function answerOf({ status, reason, body }: Extract<Fault, { what: 'answer' }>): Answer {
  const plain = plainAnswer(status, reason, false);
  if (body !== undefined) return { ...plain, body };
  if (status < 400 || status >= 595 || status === 401) return plain;
  const headers = { 'Content-Type': 'application/json;charset=UTF-8' };
  return { ...plain, headers, body: JSON.stringify({ data: null, message: `${reason}\n` }) };
}

function emptied(answer: Answer): Answer {
  const isList = answer.status === 200 && answer.body.startsWith('{"data":[');
  return isList ? { ...answer, body: '{"data":[]}' } : answer;
}

function fateOf(fault: Fault): TaskFate | undefined {
  if (fault.what === 'task-error') return { kind: 'error', message: fault.message, when: fault.when };
  if (fault.what === 'task-never-ends') return { kind: 'never-ends', when: fault.when };
  return fault.what === 'kill-worker' ? { kind: 'killed', afterMs: fault.afterMs } : undefined;
}
