/** Why a console is not opened, or not any more; the pages have words for each. */
export type RefusalReason =
  | 'NotFound'
  | 'Used'
  | 'Expired'
  | 'Ended'
  | 'Revoked'
  | 'MachineDeleted'
  | 'MachineStopped'
  | 'TooMany'
  | 'Busy'
  | 'Origin'
  | 'Malformed'
  | 'Unavailable'
  | 'ProxmoxFailed'
  | 'NoCredentials'
  | 'SerialUnsupported';

/** A refusal, with the HTTP status that it is told by. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, options?: ErrorOptions) {
    super(`the console was refused: ${reason}`, options);
    this.reason = reason;
  }

  get status(): number {
    return statuses[this.reason];
  }
}

const statuses: Record<RefusalReason, number> = {
  NotFound: 404,
  Used: 410,
  Expired: 410,
  Ended: 410,
  Revoked: 403,
  MachineDeleted: 410,
  MachineStopped: 409,
  TooMany: 429,
  Busy: 503,
  Origin: 403,
  Malformed: 400,
  Unavailable: 503,
  ProxmoxFailed: 502,
  NoCredentials: 503,
  SerialUnsupported: 501,
};
