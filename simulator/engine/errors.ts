/** A failure as Proxmox VE reports it. Anything else that is thrown is a bug of the simulator and is not caught. */
export class PveError extends Error {
  /** HTTP status; 500 is a plain `die`. */
  readonly status: number;
  /** Texts by parameter. */
  readonly errors: Record<string, string> | undefined;

  constructor(message: string, status = 500, errors?: Record<string, string>) {
    super(message);
    this.status = status;
    this.errors = errors;
  }

  /** The text inside other texts: with the status unless it is a plain `die`, and with the parameters' lines. */
  get text(): string {
    const head = this.status === 500 ? this.message : `${this.status} ${this.message}`;
    const lines = Object.entries(this.errors ?? {}).map(([key, text]) => `${key}: ${text}`);
    return [head, ...lines].join('\n');
  }
}

/** The worker died while it answered: its proxy says 596. */
export class BrokenPipe extends Error {}

/** A plain `die`: status 500, the text becomes the reason phrase. */
export function died(message: string): PveError {
  return new PveError(message);
}

/** 400 with a text for each bad parameter. */
export function badParameters(errors: Record<string, string>): PveError {
  return new PveError('Parameter verification failed.', 400, errors);
}

/** 403; `what` is for instance `/vms/100, VM.Audit`. */
export function forbidden(what?: string): PveError {
  return new PveError(what === undefined ? 'Permission check failed' : `Permission check failed (${what})`, 403);
}

/** Runs `attempt` and puts `prefix` before the text of what it throws. */
export function prefixing<T>(prefix: string, attempt: () => T): T {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof PveError) throw died(`${prefix}${error.text}`);
    throw error;
  }
}
