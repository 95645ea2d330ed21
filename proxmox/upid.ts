/** The identifier of a task: `UPID:<node>:<pid>:<pstart>:<starttime>:<type>:<id>:<user>:`. */
export type Upid = string & { readonly brand: unique symbol };

/** The parts of a {@link Upid}. */
export interface UpidParts {
  /** The node that runs the task and holds its log: the only one that can be asked about it. */
  node: string;
  pid: number;
  /** Start of the process in ticks since boot; with `pid` it tells a process from a later one of the same number. */
  pstart: number;
  /** Seconds since the epoch. */
  startedAtSeconds: number;
  /** `qmclone`, `qmstart`, `resize`, … */
  type: string;
  /** Mostly a VMID. **A clone has the template's**, not the new VM's; some tasks have none. */
  id: string;
  /** `user@realm`, or `user@realm!token`. */
  user: string;
}

const pattern =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/;

/** Whether a text is a UPID by form; that such a task exists is another matter. */
export function isUpid(text: string): text is Upid {
  return pattern.test(text);
}

/** Takes a UPID apart. @throws RangeError for anything else. */
export function parseUpid(text: string): UpidParts {
  const [, node, pid, pstart, start, type, id, user] = pattern.exec(text) ?? [];
  if (node === undefined || type === undefined || id === undefined || user === undefined) {
    throw new RangeError(`not a UPID: ${JSON.stringify(text.slice(0, 200))}`);
  }
  return {
    node,
    pid: Number.parseInt(pid ?? '', 16),
    pstart: Number.parseInt(pstart ?? '', 16),
    startedAtSeconds: Number.parseInt(start ?? '', 16),
    type,
    id,
    user,
  };
}

/** Puts a UPID together. @throws RangeError where a part would make it ambiguous. */
export function formatUpid(parts: UpidParts): Upid {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');
  const { node, pid, pstart, startedAtSeconds, type, id, user } = parts;
  const text = `UPID:${node}:${hex(pid)}:${hex(pstart)}:${hex(startedAtSeconds)}:${type}:${id}:${user}:`;
  if (!isUpid(text)) throw new RangeError(`not a UPID: ${JSON.stringify(text.slice(0, 200))}`);
  return text;
}
