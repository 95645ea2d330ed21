/**
 * What went wrong, as the caller's next move. Closed: a controller switches over it once.
 *
 * - `transient`: nobody answered for the node, or the cluster has no quorum. Wait, then try again.
 * - `missing`: the VM or task is not where it was looked for. Alone it proves no absence: a VM on another node reads the
 *   same.
 * - `conflict`: the world is not as the request assumed (digest, identifier taken, running, protected). Read again.
 * - `locked`: another operation holds the VM, or a lock file. Wait; `lock` names it where Proxmox does.
 * - `denied`: the token lacks a privilege, or only root may. A person has to act.
 * - `unauthenticated`: the token is not accepted, or the server is not the one that we trust. A person has to act.
 * - `invalid`: the same request can never succeed.
 * - `failed`: Proxmox tried and could not; `reason` says why.
 */
export type ProxmoxErrorKind =
  | 'transient'
  | 'missing'
  | 'conflict'
  | 'locked'
  | 'denied'
  | 'unauthenticated'
  | 'invalid'
  | 'failed';

/** Everything that a {@link ProxmoxError} tells. */
export interface ProxmoxFailure {
  kind: ProxmoxErrorKind;
  method: string;
  path: string;
  /** The HTTP status, or 0 where there was no answer. */
  status: number;
  /** Proxmox's own words, verbatim and possibly of several lines; ours where it said nothing. */
  reason: string;
  /** Refused parameters and why, from a 400. */
  errors?: Record<string, string>;
  /** The name of the lock (`backup`, `clone`, …) where a VM is locked. */
  lock?: string;
  /** A write that may have happened all the same: read back before anything else. */
  outcomeUnknown?: boolean;
}

/** The only error that this client throws for a call. Carries neither token nor parameters. */
export class ProxmoxError extends Error {
  readonly kind: ProxmoxErrorKind;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly reason: string;
  readonly errors: Record<string, string> | undefined;
  readonly lock: string | undefined;
  readonly outcomeUnknown: boolean;

  constructor(failure: ProxmoxFailure, options?: ErrorOptions) {
    super(describe(failure), options);
    this.name = 'ProxmoxError';
    this.kind = failure.kind;
    this.method = failure.method;
    this.path = failure.path;
    this.status = failure.status;
    this.reason = failure.reason;
    this.errors = failure.errors;
    this.lock = failure.lock;
    this.outcomeUnknown = failure.outcomeUnknown ?? false;
  }
}

function describe({ method, path, status, reason, errors }: ProxmoxFailure): string {
  const refused = Object.entries(errors ?? {}).map(([name, text]) => `${name}: ${text.trim()}`);
  const answer = status === 0 ? reason : `${status} ${reason}`;
  return `${method} ${path}: ${answer}${refused.length > 0 ? ` (${refused.join('; ')})` : ''}`;
}
