/** What a call log needs of a request. */
interface Called {
  method: string;
  target: string;
  body?: Buffer | string;
}

const machinePath = /^\/api2\/json\/nodes\/[^/]+\/qemu\/(\d+)(\/[^?]*)?/;

/**
 * Counts the calls that were made about each VMID: writes, reads of its own, and apart from these what the agent in its
 * guest was asked once it was there, which no step waits for. Polls of everything are left out.
 */
export class CallLog {
  readonly #writes = new Map<number, number>();
  readonly #reads = new Map<number, number>();
  readonly #agentReads = new Map<number, number>();

  /** Notes a call. A clone counts for the machine that it makes, not for the template. */
  note({ method, target, body }: Called): void {
    const [, id, rest] = machinePath.exec(target) ?? [];
    if (id === undefined) return;
    const newid = rest === '/clone' ? new URLSearchParams(String(body ?? '')).get('newid') : undefined;
    const reads = rest?.startsWith('/agent/') ? this.#agentReads : this.#reads;
    const counts = method === 'GET' ? reads : this.#writes;
    const vmid = Number(newid ?? id);
    counts.set(vmid, (counts.get(vmid) ?? 0) + 1);
  }

  writes(vmid: number): number {
    return this.#writes.get(vmid) ?? 0;
  }

  reads(vmid: number): number {
    return this.#reads.get(vmid) ?? 0;
  }

  agentReads(vmid: number): number {
    return this.#agentReads.get(vmid) ?? 0;
  }
}
