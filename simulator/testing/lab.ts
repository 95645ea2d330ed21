import { VirtualClock } from '../engine/clock.ts';
import type { Answer, Headers } from '../http/message.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../simulator.ts';
import type { Seed } from '../state/seed.ts';
import type { TaskState, VmState } from '../state/types.ts';
import { labSeed } from './lab-seed.ts';

/** Parameters of a call as a form has them; a list is repeated. */
export type Form = Record<string, string | number | readonly string[]>;

/** An answer, taken apart. */
export interface Reply {
  status: number;
  reason: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of all shapes
  data: any;
  errors: Record<string, string> | undefined;
  message: string | undefined;
  answer: Answer;
  /** How long the answer took, in ms. */
  ms: number;
}

/** Who calls: `user@realm!token`, whose secret is that of the lab, or headers. */
export type Caller = string | Headers;

/** A simulated cluster on a clock of its own, and calls to it as tests make them. */
export class Lab {
  readonly clock = new VirtualClock();
  readonly simulator: Simulator;

  constructor(seed: Seed = labSeed, options: SimulatorOptions = {}) {
    this.simulator = createSimulator(seed, { clock: this.clock, release: '8.4', ...options });
  }

  get state(): Simulator['state'] {
    return this.simulator.state;
  }

  /** Sends a request and does not wait. */
  send(method: string, path: string, form: Form = {}, who: Caller = ROOT): Promise<Reply> {
    const started = this.clock.now();
    const inQuery = method === 'GET' || method === 'DELETE';
    const encoded = encode(form);
    const body = inQuery ? undefined : encoded;
    const headers: Headers = typeof who === 'string' ? { authorization: authorizationOf(who) } : { ...who };
    if (body !== undefined) {
      headers['content-type'] = 'application/x-www-form-urlencoded';
      headers['content-length'] = String(Buffer.byteLength(body));
    }
    const target = `/api2/json${path}${inQuery && encoded !== '' ? `?${encoded}` : ''}`;
    return this.simulator
      .handle({ method, target, headers, ...(body !== undefined && { body }) })
      .then(answer => replyOf(answer, this.clock.now() - started));
  }

  /** Sends a request and lets time pass until it is answered. */
  call(method: string, path: string, form?: Form, who?: Caller): Promise<Reply> {
    return this.until(this.send(method, path, form, who));
  }

  /** The headers of somebody who has signed in. */
  async login(username: string, password: string): Promise<Headers> {
    const { data } = await this.post('/access/ticket', { username, password }, {});
    const cookie = `PVEAuthCookie=${encodeURIComponent(data.ticket)}`;
    return { cookie, csrfpreventiontoken: data.CSRFPreventionToken };
  }

  get(path: string, form?: Form, who?: Caller): Promise<Reply> {
    return this.call('GET', path, form, who);
  }

  post(path: string, form?: Form, who?: Caller): Promise<Reply> {
    return this.call('POST', path, form, who);
  }

  put(path: string, form?: Form, who?: Caller): Promise<Reply> {
    return this.call('PUT', path, form, who);
  }

  delete(path: string, form?: Form, who?: Caller): Promise<Reply> {
    return this.call('DELETE', path, form, who);
  }

  /** Makes a call that forks a task, and lets time pass until the task has ended. */
  async run(method: string, path: string, form?: Form, who?: Caller): Promise<TaskState> {
    const reply = await this.call(method, path, form, who);
    if (typeof reply.data !== 'string') {
      throw new Error(`${method} ${path} forked no task: ${reply.status} ${reply.reason} ${reply.answer.body}`);
    }
    return this.finish(reply.data);
  }

  /** Lets time pass until a task has ended. */
  finish(upid: string): TaskState {
    this.clock.runUntil(() => !this.simulator.world.tasks.isRunning(upid));
    return this.task(upid);
  }

  task(upid: string): TaskState {
    const task = this.state.tasks[upid];
    if (task === undefined) throw new Error(`no task ${upid}`);
    return task;
  }

  vm(vmid: number): VmState {
    const vm = this.state.vms[vmid];
    if (vm === undefined) throw new Error(`no VM ${vmid}`);
    return vm;
  }

  /** Lets time pass until a promise is settled. */
  async until<T>(pending: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    pending.then(done, done);
    for (;;) {
      for (let turn = 0; turn < 4; turn++) await Promise.resolve();
      if (settled || !this.clock.step()) return pending;
    }
  }
}

/** A token of root@pam that may do what tokens may. */
export const ROOT = 'root@pam!test';

/** The header of a token whose secret is that of all tokens of the lab. */
export function authorizationOf(who: string): string {
  return `PVEAPIToken=${who}=${labSecret(who)}`;
}

/** The secret of a token in the lab's seed. */
export function labSecret(who: string): string {
  return `secret-of-${who}`;
}

function encode(form: Form): string {
  const pairs = Object.entries(form).flatMap(([key, value]) =>
    (typeof value === 'object' ? value : [value]).map(each => [key, String(each)] as const),
  );
  return pairs.map(pair => pair.map(encodeURIComponent).join('=')).join('&');
}

function replyOf(answer: Answer, ms: number): Reply {
  const { status, reason, body } = answer;
  const parsed = body.startsWith('{') ? (JSON.parse(body) as Record<string, unknown>) : {};
  const { data, errors, message } = parsed as Pick<Reply, 'data' | 'errors' | 'message'>;
  return { status, reason, data, errors, message, answer, ms };
}
