import type { ConsoleSessionStatus, EndReason } from '#api/console-session.ts';
import type { ConsoleSession } from '#api/kinds.ts';
import { type ConditionUpdate, withConditions } from '../conditions.ts';
import { canOpen, type Refusal } from './refusal.ts';
import type { SessionView } from './view.ts';

/** How long a session stays to be looked at after its end. */
export const keptMs = 600_000;

/** The console-proxy says every five minutes that a console is open; twice nothing and a minute means that it is gone. */
const silentMs = 660_000;

/** How much later than planned an end may come before the console-proxy counts as gone. */
const lateMs = 60_000;

/** What is to be done with a session: write a status, remove it, look again. */
export interface SessionDecision {
  status?: ConsoleSessionStatus;
  remove?: true;
  /** When it is to be looked at again. */
  againAt?: number;
}

/** Decides what becomes of a session. */
export function decideSession(view: SessionView): SessionDecision {
  const { session, now } = view;
  const status = session.status ?? {};
  if (status.endedAt === undefined) {
    const end = endOf(view);
    return end ? { status: ended(view, end), againAt: end.at + keptMs } : granted(view);
  }
  const removeAt = timeOf(status.endedAt) + keptMs;
  if (now >= removeAt) return { remove: true };
  const told = status.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'Ended');
  const end = { at: timeOf(status.endedAt), reason: status.endReason ?? 'Closed' };
  return { ...(!told && { status: ended(view, end) }), againAt: removeAt };
}

/** Whether a session counts against how many its requester may have. */
export const isOpen = ({ status }: ConsoleSession): boolean =>
  status?.url !== undefined && status.endedAt === undefined;

interface End {
  at: number;
  reason: EndReason;
}

/** The end of a session that nobody has written down. */
function endOf({ session, vm, limits, now }: SessionView): End | undefined {
  const { metadata, status = {} } = session;
  if (status.redeemedAt !== undefined) {
    const isThere = vm?.metadata.uid === status.vmUID && !vm?.metadata.deletionTimestamp;
    if (!isThere) return { at: now, reason: 'MachineDeleted' };
    const seenAt = timeOf(status.lastSeenAt ?? status.redeemedAt);
    const lostAt = Math.min(
      seenAt + silentMs,
      status.endsAt ? timeOf(status.endsAt) + lateMs : Number.POSITIVE_INFINITY,
    );
    return now >= lostAt ? { at: now, reason: 'Lost' } : undefined;
  }
  if (status.expiresAt !== undefined) {
    return now >= timeOf(status.expiresAt) ? { at: timeOf(status.expiresAt), reason: 'Expired' } : undefined;
  }
  const createdAt = timeOf(metadata.creationTimestamp ?? new Date(now).toISOString());
  return now >= createdAt + limits.ttlSeconds * 1000 ? { at: now, reason: 'Refused' } : undefined;
}

const sentences: Record<EndReason, string> = {
  Closed: 'The console was closed.',
  Expired: 'The console was not opened in time.',
  Refused: 'The console could not be opened; the message before said why.',
  Idle: 'Nobody typed for too long.',
  TimeLimit: 'The console was open for as long as is allowed.',
  Revoked: 'The right to see the console was taken away.',
  Unverified: 'The right to see the console could not be asked for, for too long.',
  MachineStopped: 'The machine was stopped.',
  MachineDeleted: 'The machine was deleted.',
  ProxmoxFailed: 'Proxmox VE closed the console, or did not open it.',
  ProxyStopped: 'The console-proxy was stopped.',
  Lost: 'The console-proxy is gone without a word.',
};

function ended({ session, now }: SessionView, { at, reason }: End): ConsoleSessionStatus {
  const ready: ConditionUpdate = { type: 'Ready', status: 'False', reason: 'Ended', message: sentences[reason] };
  const before = session.status ?? {};
  const { generation } = session.metadata;
  return {
    ...operatorsPart(before),
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions: withConditions(before.conditions ?? [], [ready], ['Stalled'], generation, now),
    // Who opened it may have said so already.
    ...(before.endedAt === undefined && { endedAt: new Date(at).toISOString(), endReason: reason }),
  };
}

/** A session that may still be opened, is open, or cannot be for now. */
function granted(view: SessionView): SessionDecision {
  const { session, now, limits, consoleUrl = '' } = view;
  const { metadata, status = {} } = session;
  if (status.redeemedAt !== undefined) {
    return { againAt: Math.min(now + silentMs, timeOf(status.endsAt ?? status.redeemedAt) + lateMs) };
  }
  if (status.expiresAt !== undefined) return { againAt: timeOf(status.expiresAt) };
  const refusal = canOpen(view);
  const createdAt = timeOf(metadata.creationTimestamp ?? new Date(now).toISOString());
  const expiresAt = now + limits.ttlSeconds * 1000;
  return {
    status: {
      ...(metadata.generation !== undefined && { observedGeneration: metadata.generation }),
      ...(!refusal && {
        vmUID: view.vm?.metadata.uid ?? '',
        url: `${consoleUrl}/s/${metadata.namespace}/${metadata.name}`,
        expiresAt: new Date(expiresAt).toISOString(),
      }),
      conditions: withConditions(
        status.conditions ?? [],
        conditionsOf(refusal),
        refusal ? [] : ['Stalled'],
        metadata.generation,
        now,
      ),
    },
    againAt: refusal ? createdAt + limits.ttlSeconds * 1000 : expiresAt,
  };
}

function conditionsOf(refusal: Refusal | undefined): ConditionUpdate[] {
  if (!refusal) {
    const message = 'The console can be opened, once, until it expires.';
    return [{ type: 'Ready', status: 'True', reason: 'Openable', message }];
  }
  return [
    { type: 'Ready', status: 'False', ...refusal },
    { type: 'Stalled', status: 'True', ...refusal },
  ];
}

/** What of a status the operator writes; the rest belongs to the console-proxy. */
function operatorsPart({ vmUID, url, expiresAt }: ConsoleSessionStatus): ConsoleSessionStatus {
  return {
    ...(vmUID !== undefined && { vmUID }),
    ...(url !== undefined && { url }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

const timeOf = (time: string): number => Date.parse(time);
