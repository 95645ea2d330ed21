import type { Section } from '../state/types.ts';

/** The memory of a VM in bytes. */
export function memoryOf(section: Section): number {
  return Number(/\d+/.exec(section.memory ?? '512')?.[0]) * 2 ** 20;
}
