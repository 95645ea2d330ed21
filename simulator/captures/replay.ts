import { VirtualClock } from '../engine/clock.ts';
import type { Answer, Request } from '../http/message.ts';
import { redirectAnswer } from '../http/redirect.ts';
import { createSimulator, type Simulator } from '../simulator.ts';
import { decodeUpid } from '../tasks/upid.ts';
import { compareAnswers } from './compare.ts';
import { EXCEPTIONS } from './exceptions.ts';
import type { Exchange } from './exchange.ts';
import { observedNode, STARTED_AT } from './observed-node.ts';
import { STRANGERS, waitUntil } from './strangers.ts';
import { Translation } from './translate.ts';

/** How one exchange went. */
export interface Verdict {
  seq: number;
  name: string;
  /** What differs; empty if nothing does. */
  differences: string[];
  /** Why a difference is accepted. */
  exception?: string;
}

/** Between two requests of the client. */
const PAUSE_MS = 6;

/** No task of the recorded ones takes longer than this. */
const LONGEST_TASK_MS = 600_000;

/** Two asked at the same time, and the one who came second was answered first: the other one. */
const RACES: Record<number, number> = { 440: 441 };

/** Replays exchanges on a fresh simulator; those without an answer are made for their effect. */
export async function replay(exchanges: Exchange[]): Promise<Verdict[]> {
  const clock = new VirtualClock(STARTED_AT);
  const simulator = createSimulator(observedNode, { clock, release: '8.4' });
  const translation = new Translation(simulator);
  const verdicts: Verdict[] = [];
  const ordered = inOrderOfAsking(exchanges);
  for (const [index, exchange] of ordered.entries()) {
    STRANGERS[exchange.seq]?.(simulator, clock);
    waitForRecordedTime(clock, simulator, exchange);
    const answer = await ask(simulator, clock, exchange, translation.request(exchange));
    translation.learn(exchange, recordedData(exchange), dataOf(answer.body));
    if (waitsForTask(exchange, ordered[index + 1])) finishTask(simulator, clock, dataOf(answer.body));
    if (RACES[ordered[index + 1]?.seq ?? 0] === undefined) clock.advance(PAUSE_MS);
    answer.upgrade?.closed();
    if (exchange.response !== undefined) verdicts.push(judge(exchange, answer));
  }
  return verdicts.sort((a, b) => a.seq - b.seq);
}

function inOrderOfAsking(exchanges: Exchange[]): Exchange[] {
  const order = ({ seq }: Exchange) => (RACES[seq] === undefined ? seq : RACES[seq] + 0.5);
  return exchanges.toSorted((a, b) => order(a) - order(b));
}

/** A recorded UPID tells when its task was forked; the client had waited until then. */
function waitForRecordedTime(clock: VirtualClock, simulator: Simulator, exchange: Exchange): void {
  const upid = decodeUpid(String(recordedData(exchange) ?? ''));
  const booted = simulator.state.nodes.pve1?.bootedAt;
  if (upid !== undefined && booted !== undefined) waitUntil(clock, booted + upid.pstart * 10);
}

async function ask(simulator: Simulator, clock: VirtualClock, exchange: Exchange, request: Request): Promise<Answer> {
  if (exchange.note === 'plain HTTP sent to the TLS port') {
    return redirectAnswer(request.method, '127.0.0.1:8006', request.target);
  }
  const pending = simulator.handle(request);
  let settled = false;
  const settle = () => {
    settled = true;
  };
  pending.then(settle, settle);
  do {
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
  } while (!settled && clock.step());
  if (!settled) throw new Error(`exchange ${exchange.seq} was not answered`);
  return pending;
}

/** The client waited for the end of a task, unless it asked at once, or the point was not to wait. */
function waitsForTask(exchange: Exchange, next: Exchange | undefined): boolean {
  if (/status-first$/.test(exchange.name)) return true;
  if (/^(?:taskstop|parallel)\./.test(exchange.name) || /race-same-vmid-\d$/.test(exchange.name)) return false;
  return next === undefined || next.name !== `${exchange.name}.task.status-first`;
}

/** A task that shows a console ends with the console. */
function finishTask(simulator: Simulator, clock: VirtualClock, data: unknown): void {
  const status = data as { upid?: string; port?: string } | null | undefined;
  const upid = typeof data === 'string' ? data : status?.port === undefined ? status?.upid : undefined;
  if (upid === undefined) return;
  const deadline = clock.now() + LONGEST_TASK_MS;
  clock.runUntil(() => clock.now() > deadline || !simulator.world.tasks.isRunning(upid));
}

function recordedData(exchange: Exchange): unknown {
  return exchange.upid ?? dataOf(exchange.response?.body ?? '');
}

function dataOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { data?: unknown }).data;
  } catch {
    return undefined;
  }
}

function judge(exchange: Exchange, answer: Answer): Verdict {
  const differences = compareAnswers(exchange, answer);
  const exception = EXCEPTIONS[exchange.seq];
  const { seq, name } = exchange;
  return exception === undefined ? { seq, name, differences } : { seq, name, differences, exception };
}
