import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the first truthy answer of `probe`. Rejects where none came within the time, naming `what`. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  withinMs = 60_000,
): Promise<Exclude<T, undefined | null | false | 0 | ''>> {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    const answer = await probe();
    if (answer) return answer as Exclude<T, undefined | null | false | 0 | ''>;
    if (performance.now() > endsAt) throw new Error(`did not happen within ${withinMs} ms: ${what}`);
    await delay(5);
  }
}
