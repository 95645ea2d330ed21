import type { ConsoleSession, VirtualMachine } from '#api/kinds.ts';

/** Limits of sessions, from the VmPolicy. */
export interface ConsoleLimits {
  ttlSeconds: number;
  maxPerUser: number;
}

/** What a session is decided by. Times in milliseconds since the epoch. */
export interface SessionView {
  session: ConsoleSession;
  vm: VirtualMachine | undefined;
  limits: ConsoleLimits;
  /** Where the console-proxy is reached; undefined where there is none. */
  consoleUrl: string | undefined;
  /** Other sessions of the same person that are open or may be opened. */
  others: number;
  now: number;
}
