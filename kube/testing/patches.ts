/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** Applies an RFC 7386 merge patch. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isRecord(patch)) return patch;
  const merged: { [name: string]: Json } = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/** Applies RFC 6902 operations add, remove, replace and test. Answers undefined where one does not fit. */
export function jsonPatch(target: Json, operations: Json): Json | undefined {
  const root = { '': structuredClone(target) };
  for (const operation of Array.isArray(operations) ? operations : []) {
    if (!isRecord(operation) || typeof operation.path !== 'string') return undefined;
    const steps = operation.path.split('/').map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = steps.pop() ?? '';
    const holder = steps.reduce<Json | undefined>(child, root);
    if (!applyOperation(holder ?? null, last, operation)) return undefined;
  }
  return root[''];
}

function applyOperation(holder: Json, name: string, { op, value = null }: { [name: string]: Json }): boolean {
  const present = child(holder, name);
  if (op === 'test') return JSON.stringify(present) === JSON.stringify(value);
  if (op !== 'add' && present === undefined) return false;
  if (Array.isArray(holder)) {
    const index = name === '-' ? holder.length : Number(name);
    holder.splice(index, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [value]));
    return true;
  }
  if (!isRecord(holder)) return false;
  if (op === 'remove') delete holder[name];
  else holder[name] = value;
  return true;
}

function child(holder: Json | undefined, name: string): Json | undefined {
  if (Array.isArray(holder)) return holder[Number(name)];
  return isRecord(holder) ? holder[name] : undefined;
}

function isRecord(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
