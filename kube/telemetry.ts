/** What the runtime asks of a logger; a pino logger is one. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: Record<string, unknown>): Logger;
}

/** Swallows every line. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

/** Where the runtime counts; whoever owns the registry implements it. Gauges are pulled: see `Queue.stats`. */
export interface RuntimeMetrics {
  /** One HTTP request ended; status 0 means that no answer came. */
  requestEnded(method: string, status: number, seconds: number): void;
  /** A reflector listed its collection. */
  listed(kind: string, seconds: number): void;
  /** A watch ended, `outcome` being `end` for a clean end or the reason of the error. */
  watchEnded(kind: string, outcome: string): void;
  /** One reconcile ended. */
  reconciled(controller: string, outcome: 'done' | 'again' | 'retry' | 'stalled' | 'error', seconds: number): void;
}

/** Counts nothing. */
export const noMetrics: RuntimeMetrics = {
  requestEnded() {},
  listed() {},
  watchEnded() {},
  reconciled() {},
};
