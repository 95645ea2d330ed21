/** What a UPID says, with the units that it is written in. */
export interface Upid {
  node: string;
  pid: number;
  /** Clock ticks (10 ms) from boot. */
  pstart: number;
  /** Seconds since the epoch. */
  starttime: number;
  type: string;
  id: string;
  /** The full identity, for instance `operator@pve!ci`. */
  authid: string;
}

const PATTERN =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/;

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

/** Writes `UPID:<node>:<pid>:<pstart>:<starttime>:<type>:<id>:<user>:` [PVE::UPID]. */
export function encodeUpid(upid: Upid): string {
  const { node, pid, pstart, starttime, type, id, authid } = upid;
  return `UPID:${node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${type}:${id}:${authid}:`;
}

/** Reads a UPID; undefined if it is none. */
export function decodeUpid(text: string): Upid | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, node = '', pid = '', pstart = '', starttime = '', type = '', id = '', authid = ''] = match;
  return {
    node,
    pid: Number.parseInt(pid, 16),
    pstart: Number.parseInt(pstart, 16),
    starttime: Number.parseInt(starttime, 16),
    type,
    id,
    authid,
  };
}
