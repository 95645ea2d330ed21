import { z } from 'zod';
import { mapBy } from './cel.ts';

/** A condition of Kubernetes (metav1.Condition). */
export const condition = z.object({
  type: z
    .string()
    .max(316)
    .regex(/^[A-Za-z][A-Za-z0-9]*$/)
    .describe('What the condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z
    .string()
    .max(128)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('One word for a program to act on.'),
  message: z.string().max(1024).describe('A sentence for a person.'),
  observedGeneration: z.int().min(0).optional().describe('The metadata.generation that this was decided for.'),
  lastTransitionTime: z.iso.datetime().describe('When status last changed.'),
});

export type Condition = z.infer<typeof condition>;

/** The list of conditions of a status. */
export const conditions = () =>
  z.array(condition).max(16).meta(mapBy('type')).optional().describe('The latest findings, one of each type.');

/** The generation that a status speaks of; −1 stands in a new object until the controller has seen it (kstatus). */
export const observedGeneration = () =>
  z.int().min(-1).optional().describe('The last metadata.generation that was reconciled.');
