import { z } from 'zod';
import { dnsLabelPattern } from '#api/names.ts';
import { virtualMachineSpec } from '#api/virtual-machine.ts';
import type { TextKey, TextValues } from '../i18n/use-text.ts';
import { type Draft, fieldOf, machineOf } from './draft.ts';

// zod would try `new Function`, which the Content-Security-Policy reports.
z.config({ jitless: true });

/** What is wrong with a field: a text of ours, or the API server's own words. */
export type FieldError = { key: TextKey; values?: TextValues } | { words: string };

export type FieldErrors = Partial<Record<keyof Draft, FieldError>>;

const metadata = z.object({ name: z.string().min(1).max(63).regex(dnsLabelPattern) });

/** The resource, by the schema that its CRD is made from. */
const resource = z.object({ metadata, spec: virtualMachineSpec });

/** What is wrong with each field of a draft, by the schema that the CRD is made from. Pure. */
export function errorsOf(draft: Draft, taken: ReadonlySet<string>): FieldErrors {
  const errors: FieldErrors = {};
  const { success, error } = resource.safeParse(machineOf(draft));
  for (const issue of success ? [] : error.issues) {
    const path = issue.path.map(String).join('.');
    const field = fieldOf(path);
    if (field && !errors[field]) errors[field] = textOf(field, issue);
  }
  if (!draft.team) errors.team = { key: 'field.required' };
  if (draft.from === 'template' && !draft.template) errors.template = { key: 'field.template.required' };
  if (draft.from === 'iso' && !draft.iso) errors.template = { key: 'field.template.required' };
  for (const field of ['cpu', 'memoryGiB', 'diskGiB'] as const) {
    const value = draft[field];
    if (value === '' || value < 1 || !Number.isInteger(value)) errors[field] = { key: 'field.wholeNumber' };
  }
  if (!errors.name && taken.has(`${draft.team}/${draft.name}`)) errors.name = { key: 'field.name.taken' };
  return errors;
}

type Issue = z.core.$ZodIssue;

function textOf(field: keyof Draft, issue: Issue): FieldError {
  if (field === 'sshKeys') return { key: 'field.sshKey' };
  if (issue.code === 'too_small' && issue.origin === 'string') return { key: 'field.required' };
  if (issue.code === 'too_small') return { key: 'field.least', values: { least: Number(issue.minimum) } };
  if (issue.code === 'too_big' && issue.origin === 'string') {
    return { key: 'field.tooLong', values: { most: Number(issue.maximum) } };
  }
  if (issue.code === 'too_big') return { key: 'field.most', values: { most: Number(issue.maximum) } };
  if (field === 'name' || field === 'hostname') return { key: 'field.dnsLabel' };
  if (field === 'user') return { key: 'field.linuxUser' };
  return issue.code === 'invalid_type' ? { key: 'field.wholeNumber' } : { words: issue.message };
}
