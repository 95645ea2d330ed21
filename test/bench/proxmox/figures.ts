import { CallLog } from '#cli/demo/call-log.ts';
import type { Request } from '#simulator/http/message.ts';
import type { Simulator } from '#simulator/simulator.ts';
import type { TaskState } from '#simulator/state/types.ts';
import type { Figures } from './protocol.ts';

const sharedPath = /^\/api2\/json\/(cluster\/resources|nodes\/[^/]+\/tasks)/;
const machinePath = /^\/api2\/json\/nodes\/[^/]+\/qemu\/(\d+)/;

const routeOf = ({ method, target }: Request): string =>
  `${method} ${target
    .replace('/api2/json', '')
    .replace(/\?.*/, '')
    .replace(/\/nodes\/[^/]+/, '/nodes/{node}')
    .replace(/UPID[^/]+/, '{upid}')
    .replace(/\/\d+/, '/{vmid}')}`;

/** Counts what is called and what tasks take, in the simulator's process. */
export class ProxmoxFigures {
  readonly #simulator: Simulator;
  #log = new CallLog();
  #calls: Record<string, number> = {};
  #sharedPolls = 0;
  #firstCalls = new Map<number, number>();
  #boots = new Map<number, number>();
  #taskSeconds = 0;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
    simulator.world.tasks.listeners.add(task => this.#ended(task));
  }

  /** Notes a call at its arrival. */
  note(request: Request): void {
    this.#log.note(request);
    const route = routeOf(request);
    this.#calls[route] = (this.#calls[route] ?? 0) + 1;
    if (sharedPath.test(request.target)) this.#sharedPolls += 1;
    const vmid = Number(machinePath.exec(request.target)?.[1] ?? 0);
    if (vmid > 0 && !this.#firstCalls.has(vmid)) this.#firstCalls.set(vmid, Date.now());
  }

  /** Starts anew. */
  forget(): void {
    this.#log = new CallLog();
    this.#calls = {};
    this.#sharedPolls = 0;
    this.#firstCalls = new Map();
    this.#boots = new Map();
    this.#taskSeconds = 0;
  }

  /** What was counted so far. */
  read(): Figures {
    const machines = Object.values(this.#simulator.state.vms).map(({ vmid }) => {
      const counts = {
        writes: this.#log.writes(vmid),
        reads: this.#log.reads(vmid),
        agentReads: this.#log.agentReads(vmid),
        boots: this.#boots.get(vmid) ?? 0,
      };
      return [vmid, { ...counts, firstCallAt: this.#firstCalls.get(vmid) ?? 0 }] as const;
    });
    return {
      calls: this.#calls,
      sharedPolls: this.#sharedPolls,
      machines: Object.fromEntries(machines),
      taskSeconds: this.#taskSeconds,
    };
  }

  /** Proxmox tells a task's times in whole seconds, but its process' start in ticks of 10 ms since the node's boot. */
  #ended({ type, id, node, pstart, exitstatus }: TaskState): void {
    const startedAt = (this.#simulator.state.nodes[node]?.bootedAt ?? 0) + pstart * 10;
    this.#taskSeconds += (Date.now() - startedAt) / 1000;
    if (type === 'qmstart' && exitstatus === 'OK') this.#boots.set(Number(id), (this.#boots.get(Number(id)) ?? 0) + 1);
  }
}
