/** metav1.Condition: one aspect of an object's state, as `kubectl wait` and kstatus read it. */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  /** One word in CamelCase, for programs. */
  reason: string;
  /** A sentence for people. */
  message: string;
  /** The generation of the spec that this was said about. */
  observedGeneration?: number;
  /** When `status` last changed, RFC 3339 in seconds. */
  lastTransitionTime: string;
}

/**
 * The list with the condition set, in the place of the one of its type or at the end. `lastTransitionTime` moves with
 * `status` only. Answers the same list where nothing differs, so that identity tells whether to write.
 */
export function setCondition(
  list: readonly Condition[],
  condition: Omit<Condition, 'lastTransitionTime'>,
  now: Date,
): readonly Condition[] {
  const index = list.findIndex(({ type }) => type === condition.type);
  const before = list[index];
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : timeOf(now);
  const after: Condition = { ...condition, lastTransitionTime };
  if (!before) return [...list, after];
  return sameCondition(before, after) ? list : list.with(index, after);
}

/** The list without conditions of that type; the same list where it had none. */
export function removeCondition(list: readonly Condition[], type: string): readonly Condition[] {
  return list.some(condition => condition.type === type) ? list.filter(condition => condition.type !== type) : list;
}

/** The condition of that type, or undefined. */
export function findCondition(list: readonly Condition[] | undefined, type: string): Condition | undefined {
  return list?.find(condition => condition.type === type);
}

function sameCondition(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime
  );
}

/** metav1.Time has no fraction of a second. */
function timeOf(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
