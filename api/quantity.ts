import { z } from 'zod';
import { quantityPattern } from './mebibytes.ts';

// Apart, so that the portal's pages can reckon with sizes without loading zod.
export { toMiB } from './mebibytes.ts';

/** A zod string that holds a size such as `512Mi`, `8Gi` or `2Ti`. */
export const quantity = () =>
  z.string().max(9).regex(quantityPattern, 'a whole number followed by Mi, Gi or Ti, for example 8Gi');
