import type { ConsoleSession } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import { maySee } from './authorise.ts';
import { Refusal, type RefusalReason } from './refusal.ts';
import { freshSecret, hashOf, matches } from './secret.ts';
import { changeStatus, readLimits, readMachine, readSession, type SessionKey } from './sessions.ts';

/** What redemption works with. */
export interface RedeemParts {
  kube: KubeClient;
  /** Name of this process. */
  instance: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** A session that was opened, and the secret of its cookie. */
export interface Redeemed {
  session: ConsoleSession;
  ticket: string;
  /** Seconds until it ends at the latest. */
  seconds: number;
}

/**
 * Opens a session for who has the verifier: once, by compare-and-swap, however many try at the same time. Only who has
 * it learns more than that there is nothing. @throws Refusal, KubeError
 */
export async function redeem(parts: RedeemParts, key: SessionKey, verifier: string | undefined): Promise<Redeemed> {
  const { kube, instance, now } = parts;
  const session = await readSession(kube, key);
  if (!session || !matches(verifier, session.spec.challenge)) throw new Refusal('NotFound');
  const refuse = (refused: RefusalReason | undefined) => {
    if (refused) throw new Refusal(refused);
  };
  refuse(whyNotOpenable(session, now()));
  const [vm, isAllowed, limits] = await Promise.all([
    readMachine(kube, session),
    maySee(kube, session),
    readLimits(kube),
  ]);
  if (!isAllowed) throw new Refusal('Revoked');
  if (!vm) throw new Refusal('MachineDeleted');
  if (!['Running', 'Paused'].includes(vm.status?.powerState ?? '')) throw new Refusal('MachineStopped');
  const ticket = freshSecret();
  const seconds = limits.maxSessionSeconds;
  const written = await changeStatus(kube, session, current => {
    refuse(whyNotOpenable(current, now()));
    const time = (afterMs: number) => new Date(now() + afterMs).toISOString();
    return {
      ...current.status,
      redeemedAt: time(0),
      redeemedBy: instance,
      lastSeenAt: time(0),
      endsAt: time(seconds * 1000),
      ticketHash: hashOf(ticket),
    };
  });
  if (!written) throw new Refusal('NotFound');
  return { session: written, ticket, seconds };
}

/** Why a session cannot be opened, as far as its status tells. */
function whyNotOpenable({ metadata, status }: ConsoleSession, now: number): RefusalReason | undefined {
  if (metadata.deletionTimestamp) return 'NotFound';
  if (status?.redeemedAt !== undefined) return 'Used';
  if (status?.expiresAt === undefined) return 'NotFound';
  if (now >= Date.parse(status.expiresAt)) return 'Expired';
  return status.endedAt === undefined ? undefined : 'Ended';
}

/** The open session that a cookie is for. @throws Refusal, KubeError */
export async function openSession(parts: RedeemParts, key: SessionKey, ticket: string | undefined) {
  const session = await readSession(parts.kube, key);
  if (!session || session.metadata.deletionTimestamp || !matches(ticket, session.status?.ticketHash)) {
    throw new Refusal('NotFound');
  }
  const { endedAt, endsAt } = session.status ?? {};
  if (endedAt !== undefined || parts.now() >= Date.parse(endsAt ?? '')) throw new Refusal('Ended');
  return session;
}
