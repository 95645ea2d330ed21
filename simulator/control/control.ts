import { z } from 'zod';
import { VirtualClock } from '../engine/clock.ts';
import { happeningSchema } from '../faults/happening.ts';
import { perform } from '../faults/perform.ts';
import type { FaultRule } from '../faults/rule.ts';
import type { Simulator } from '../simulator.ts';

/** What the control endpoint answers; no body is no content. */
export interface ControlAnswer {
  status: number;
  body?: unknown;
}

/** A month: the daemons' rounds are run one by one. */
const MAX_MOVE_MS = 31 * 86_400_000;

type Action = (simulator: Simulator, body: unknown) => unknown;

/** What can be asked of a running simulator beside Proxmox VE's own API. */
const ACTIONS: Record<string, Action> = {
  'GET /simulator': ({ release, clock, state }) => ({
    release,
    time: new Date(clock.now()).toISOString(),
    nodes: Object.keys(state.nodes),
    vms: Object.keys(state.vms).length,
    tasks: Object.keys(state.tasks).length,
  }),
  'GET /simulator/state': simulator => simulator.dump(),
  'PUT /simulator/state': (simulator, body) => simulator.load(body),
  'GET /simulator/faults': ({ faults }) => faults.counts(),
  'POST /simulator/faults': ({ faults }, body) => ({
    ids: faults.add(...((Array.isArray(body) ? body : [body]) as FaultRule[])),
  }),
  'DELETE /simulator/faults': ({ faults }) => faults.clear(),
  'POST /simulator/happenings': ({ world }, body) => perform(world, readHappening(body)),
  'POST /simulator/clock': moveClock,
  'GET /simulator/requests': ({ requests }) => requests.recent(),
  'DELETE /simulator/requests': ({ requests }) => requests.clear(),
  'GET /simulator/counts': ({ requests }) => requests.counts(),
};

/** Does what is asked. What is wrong with it is told as 400, what is not known as 404. */
export function control(simulator: Simulator, method: string, path: string, body: unknown): ControlAnswer {
  const fault = /^\/simulator\/faults\/([^/]+)$/.exec(path)?.[1];
  if (method === 'DELETE' && fault !== undefined) {
    return simulator.faults.remove(decodeURIComponent(fault)) ? { status: 204 } : unknownPath(method, path);
  }
  const action = ACTIONS[`${method} ${path}`];
  if (action === undefined) return unknownPath(method, path);
  try {
    const answer = action(simulator, body);
    return answer === undefined ? { status: 204 } : { status: 200, body: answer };
  } catch (error) {
    return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

function unknownPath(method: string, path: string): ControlAnswer {
  return { status: 404, body: { error: `there is no ${method} ${path}`, known: Object.keys(ACTIONS) } };
}

const move = z.strictObject({ ms: z.number().min(0).max(MAX_MOVE_MS) });

function moveClock({ clock }: Simulator, body: unknown): { time: string } {
  if (!(clock instanceof VirtualClock)) throw new Error('this clock runs by itself: start with --virtual-clock');
  const result = move.safeParse(body);
  if (!result.success) throw new Error(`the clock cannot be moved so:\n${z.prettifyError(result.error)}`);
  clock.advance(result.data.ms);
  return { time: new Date(clock.now()).toISOString() };
}

function readHappening(body: unknown) {
  const result = happeningSchema.safeParse(body);
  if (result.success) return result.data;
  throw new Error(`this cannot happen:\n${z.prettifyError(result.error)}`);
}
