import type { Cancel, Clock } from '../engine/clock.ts';
import { died, PveError } from '../engine/errors.ts';
import { type Mortal, type Outcome, Process, type Steps } from '../engine/process.ts';
import type { State, TaskState } from '../state/types.ts';
import { exitStatus } from './exit-status.ts';
import { encodeUpid } from './upid.ts';

/** A running task, as its body sees it. */
export interface Worker {
  readonly task: TaskState;
  readonly process: Mortal;
  /** Writes a line of the log. */
  log(line: string): void;
  /** Writes a line that turns the end into `WARNINGS: n`. */
  warn(line: string): void;
}

/** Which task to fork. */
export interface TaskOrder {
  node: string;
  type: string;
  /** Mostly the VMID; may be empty. */
  id: string;
  authid: string;
}

/** What a task comes to from outside: instead of its work, or after it; `killed` is `kill -9` at that time. */
export type TaskFate =
  | { kind: 'error'; message: string; when: 'before' | 'after' }
  | { kind: 'never-ends'; when: 'before' | 'after' }
  | { kind: 'killed'; afterMs: number };

/** The kernel's clock ticks that `pstart` counts. */
const TICK_MS = 10;

/** After SIGTERM a worker has this long before SIGKILL [PVE::RESTEnvironment::check_worker]. */
const KILL_AFTER_MS = 5000;

/** Finished tasks that stay readable; the logs of the real thing are cleaned up likewise. */
const KEPT = 20_000;

/** Forks workers and keeps their records in the state. */
export class TaskRunner {
  readonly #clock: Clock;
  readonly #state: State;
  readonly #running = new Map<string, Process<void>>();
  #ended = 0;
  readonly #fates = new Map<string, TaskFate>();
  /** Called at the end of each task. */
  readonly listeners = new Set<(task: TaskState) => void>();

  constructor(clock: Clock, state: State) {
    this.#clock = clock;
    this.#state = state;
  }

  /** Starts a task and answers its UPID. The body begins after the answer, never inside this call. */
  fork(order: TaskOrder, body: (worker: Worker) => Steps<void>): string {
    const task = this.#record(order);
    const worker = { warnings: 0 };
    const process: Process<void> = new Process(
      self => this.#fated(task, () => body(workerOf(task, self, worker))),
      outcome => this.#finish(task, outcome, worker.warnings),
      line => task.log.push(line),
    );
    this.#running.set(task.upid, process);
    this.#clock.at(this.#clock.now(), () => {
      if (process.alive) process.start();
    });
    return task.upid;
  }

  /** Whether the task is still at work. */
  isRunning(upid: string): boolean {
    return this.#running.has(upid);
  }

  /** The process of a running task. */
  processOf(upid: string): Process<void> | undefined {
    return this.#running.get(upid);
  }

  /** The running tasks, oldest first. */
  running(): TaskState[] {
    return [...this.#running.keys()].flatMap(upid => this.#state.tasks[upid] ?? []);
  }

  /** DELETE of a task: SIGTERM, and SIGKILL five seconds later. */
  stop(upid: string): void {
    const process = this.#running.get(upid);
    if (process === undefined) return;
    const cancel: Cancel = this.#clock.at(this.#clock.now() + KILL_AFTER_MS, () => process.kill());
    process.onExit(cancel);
    process.interrupt(died('received interrupt'));
  }

  /** `kill -9`: locks in configurations, volumes and half-written files stay as they are. */
  kill(upid: string): void {
    this.#running.get(upid)?.kill();
  }

  /** Decides what a task comes to that was forked just now. */
  spoil(upid: string, fate: TaskFate): void {
    if (fate.kind === 'killed') this.#clock.at(this.#clock.now() + fate.afterMs, () => this.kill(upid));
    else this.#fates.set(upid, fate);
  }

  /** All workers of a node at once, as when it loses power. */
  killAll(node: string): void {
    for (const task of this.running()) if (task.node === node) this.kill(task.upid);
  }

  *#fated(task: TaskState, body: () => Steps<void>): Steps<void> {
    const fate = this.#fates.get(task.upid);
    this.#fates.delete(task.upid);
    if (fate === undefined || fate.kind === 'killed') return yield* body();
    if (fate.when === 'after') yield* body();
    if (fate.kind === 'error') throw died(fate.message);
    yield () => () => {};
  }

  #record(order: TaskOrder): TaskState {
    const node = this.#state.nodes[order.node];
    if (node === undefined) throw new Error(`no node ${order.node}`);
    node.lastPid++;
    const now = this.#clock.now();
    const fields = {
      ...order,
      pid: node.lastPid,
      pstart: Math.floor((now - node.bootedAt) / TICK_MS),
      starttime: Math.floor(now / 1000),
    };
    const task: TaskState = { upid: encodeUpid(fields), ...fields, log: [] };
    this.#state.tasks[task.upid] = task;
    return task;
  }

  #finish(task: TaskState, outcome: Outcome<void>, warnings: number): void {
    this.#running.delete(task.upid);
    task.endtime = Math.floor(this.#clock.now() / 1000);
    task.exitstatus = exitStatus(task, outcome, warnings);
    this.#forgetOldest();
    for (const listener of this.listeners) listener(task);
    if (outcome.kind === 'failed' && !(outcome.error instanceof PveError)) throw outcome.error;
  }

  #forgetOldest(): void {
    if (++this.#ended <= KEPT) return;
    this.#ended -= KEPT / 10;
    const old = Object.keys(this.#state.tasks).slice(0, KEPT / 10);
    for (const upid of old) if (!this.#running.has(upid)) delete this.#state.tasks[upid];
  }
}

function workerOf(task: TaskState, process: Mortal, count: { warnings: number }): Worker {
  return {
    task,
    process,
    log: line => task.log.push(line),
    warn: line => {
      count.warnings++;
      task.log.push(`WARN: ${line}`);
    },
  };
}
