/** One CEL rule of a CRD, as `x-kubernetes-validations` takes it. */
export interface CelRule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

/** Schema metadata that carries CEL rules to the API server. */
export const cel = (...rules: CelRule[]) => ({ 'x-kubernetes-validations': rules });

/** Metadata of a list whose entries are merged by `key` under server-side apply. */
export const mapBy = (...keys: string[]) => ({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });

/** Metadata of a list of distinct scalars. */
export const asSet = { 'x-kubernetes-list-type': 'set' };

/** Metadata of a list that is replaced as a whole: its managedFields stay small however long it grows. */
export const asAtomic = { 'x-kubernetes-list-type': 'atomic' };

/** The rule of a field that keeps its first value. */
export const immutableRule = (what: string): CelRule => ({
  rule: 'self == oldSelf',
  message: `${what} cannot be changed after creation`,
  reason: 'FieldValueForbidden',
});

/** Schema metadata of a field that keeps its first value. */
export const immutable = (what: string) => cel(immutableRule(what));
