import type { ConsoleSession } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import { maySee } from './authorise.ts';
import type { CloseReason } from './live.ts';
import { readMachine } from './sessions.ts';

/** How often rights are asked for again, and how long that may take: together less than 35 s. */
const askMs = 28_000;
const answerMs = 5_000;

/** An API server that does not answer for so long may have been told anything meanwhile. */
const mostUnanswered = 4;

/** What a console is watched for. */
export interface WatchOptions {
  kube: KubeClient;
  session: ConsoleSession;
  /** Milliseconds until it ends in any case. */
  remainingMs: number;
  /** Milliseconds without a key after which it ends; undefined where nobody may type. */
  idleMs: number | undefined;
  typedAt: () => number;
  close: (reason: CloseReason) => void;
}

/** Ends a console when its time is over, when nobody types, and when it may not be seen any more. Answers how to stop. */
export function watchOver({ kube, session, remainingMs, idleMs, typedAt, close }: WatchOptions): () => void {
  const timers = new Set<NodeJS.Timeout>();
  let isStopped = false;
  const later = (ms: number, run: () => void) => {
    // A question may be under way when it is stopped, and its answer come after.
    if (isStopped) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
  };
  later(remainingMs, () => close('TimeLimit'));
  if (idleMs !== undefined) watchIdle(idleMs);
  let unanswered = 0;
  askAgain();
  return () => {
    isStopped = true;
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  };

  function watchIdle(limitMs: number): void {
    const leftMs = typedAt() + limitMs - performance.now();
    if (leftMs <= 0) close('Idle');
    else later(leftMs, () => watchIdle(limitMs));
  }

  function askAgain(): void {
    // Not all at the same time.
    later(askMs - Math.random() * 3_000, () => {
      void ask()
        .catch(() => {
          unanswered += 1;
          if (unanswered >= mostUnanswered) close('Unverified');
        })
        .finally(askAgain);
    });
  }

  async function ask(): Promise<void> {
    const signal = AbortSignal.timeout(answerMs);
    const [isAllowed, vm] = await Promise.all([maySee(kube, session, signal), readMachine(kube, session)]);
    unanswered = 0;
    if (!isAllowed) close('Revoked');
    else if (!vm) close('MachineDeleted');
  }
}
