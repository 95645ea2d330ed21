import { z } from 'zod';

/** A size: a whole number of Mi, Gi or Ti. A strict subset of Kubernetes' Quantity that is exact in JavaScript. */
const quantityPattern = /^[1-9][0-9]{0,6}(Mi|Gi|Ti)$/;

const mebibytes = { Mi: 1, Gi: 1024, Ti: 1024 * 1024 } as const;

/** A zod string that holds a size such as `512Mi`, `8Gi` or `2Ti`. */
export const quantity = () =>
  z.string().max(9).regex(quantityPattern, 'a whole number followed by Mi, Gi or Ti, for example 8Gi');

/** The size in MiB. Throws on what {@link quantityPattern} does not match. */
export function toMiB(size: string): number {
  if (!quantityPattern.test(size)) throw new Error(`"${size}" is not a whole number of Mi, Gi or Ti`);
  const unit = size.slice(-2) as keyof typeof mebibytes;
  return Number(size.slice(0, -2)) * mebibytes[unit];
}
