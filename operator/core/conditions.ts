import type { Condition } from '#api/conditions.ts';

/** A condition as it is decided; the time of its transition is kept by {@link withConditions}. */
export interface ConditionUpdate {
  type: string;
  status: Condition['status'];
  reason: string;
  message: string;
}

/** The API server takes no longer message. */
const longestMessage = 1024;

/**
 * The conditions after an update: those in `updates` are set, those in `removed` go, the others stay. The time of the
 * last transition moves only when the status of a condition does.
 */
export function withConditions(
  before: Condition[],
  updates: ConditionUpdate[],
  removed: string[],
  observedGeneration: number | undefined,
  now: number,
): Condition[] {
  const kept = before.filter(({ type }) => !removed.includes(type) && !updates.some(update => update.type === type));
  const set = updates.map(update => {
    const previous = before.find(({ type }) => type === update.type);
    const lastTransitionTime =
      previous?.status === update.status ? previous.lastTransitionTime : new Date(now).toISOString();
    const message = update.message.slice(0, longestMessage);
    return { ...update, message, lastTransitionTime, ...(observedGeneration !== undefined && { observedGeneration }) };
  });
  return [...kept, ...set].sort((a, b) => (a.type < b.type ? -1 : 1));
}
