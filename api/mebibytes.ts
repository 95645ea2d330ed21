/** A size: a whole number of Mi, Gi or Ti. A strict subset of Kubernetes' Quantity that is exact in JavaScript. */
export const quantityPattern = /^[1-9][0-9]{0,6}(Mi|Gi|Ti)$/;

const mebibytes = { Mi: 1, Gi: 1024, Ti: 1024 * 1024 } as const;

/** The size in MiB. Throws on what {@link quantityPattern} does not match. */
export function toMiB(size: string): number {
  if (!quantityPattern.test(size)) throw new Error(`"${size}" is not a whole number of Mi, Gi or Ti`);
  const unit = size.slice(-2) as keyof typeof mebibytes;
  return Number(size.slice(0, -2)) * mebibytes[unit];
}
