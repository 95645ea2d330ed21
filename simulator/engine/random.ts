/** A seeded source of everything that Proxmox VE draws at random. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  /** `count` hexadecimal digits, lower case. */
  hex(count: number): string;
  /** A version 4 UUID. */
  uuid(): string;
  /** A MAC address with the datacenter's prefix (`BC:24:11` unless set), upper case. */
  mac(prefix?: string): string;
  /** Where the sequence stands, to be dumped. */
  position(): number;
}

/** mulberry32: small, fast and good enough for MAC addresses. The same seed gives the same run. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  const hex = (count: number): string => Array.from({ length: count }, () => below(16).toString(16)).join('');
  return {
    next,
    below,
    hex,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${(8 + below(4)).toString(16)}${hex(3)}-${hex(12)}`,
    mac: (prefix = 'BC:24:11') => `${prefix}:${[hex(2), hex(2), hex(2)].join(':')}`.toUpperCase(),
    position: () => state,
  };
}
