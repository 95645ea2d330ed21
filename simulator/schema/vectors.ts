/**
 * `npm run vectors -- FILE…`: replays requests whose answers by the real routing and verification are known.
 * Prints each disagreement, then `N passed, N failed`; the exit code is 1 where one failed.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Errors } from './check.ts';
import { findRoute } from './routes.ts';
import { joinParameters, verifyParameters } from './verify.ts';

const vectors = z.array(
  z.object({
    method: z.string(),
    path: z.string(),
    params: z.record(z.string(), z.unknown()),
    status: z.number(),
    errors: z.record(z.string(), z.string()).optional(),
    release: z.enum(['8.4', '9.2']).default('9.2'),
  }),
);

/** A request, and what the real API answers to it before its own code runs; 200 where that would run. */
export type Vector = z.infer<typeof vectors>[number];

/** @throws ZodError where the file has another form. */
export function readVectors(file: string): Vector[] {
  return vectors.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** What the simulator answers to the request of a vector. */
export function answer({ release, method, path, params }: Vector): { status: number; errors?: Errors } {
  const found = findRoute(release, method, path);
  if (!found) return { status: 501 };
  const joined = joinParameters(found.pathParams, params);
  const verified = joined.ok ? verifyParameters(found.route, joined.params) : joined;
  return verified.ok ? { status: 200 } : { status: 400, errors: verified.errors };
}

/** Whether an answer is the vector's. The real API lists the complaints about one parameter in random order. */
export function agrees(vector: Vector, { status, errors = {} }: { status: number; errors?: Errors }): boolean {
  const expected = vector.errors ?? {};
  const sortLines = (text: string | undefined) =>
    text
      ?.split(/\n|\\n/)
      .sort()
      .join('\n');
  const names = new Set([...Object.keys(expected), ...Object.keys(errors)]);
  return status === vector.status && [...names].every(name => sortLines(expected[name]) === sortLines(errors[name]));
}

if (import.meta.main) {
  const all = process.argv.slice(2).flatMap(readVectors);
  const failed = all.filter(vector => !agrees(vector, answer(vector)));
  for (const vector of failed) {
    console.log(`${vector.method} ${vector.path} ${JSON.stringify(vector.params)}`);
    console.log(`  expected ${vector.status} ${JSON.stringify(vector.errors ?? {})}`);
    console.log(`  answered ${JSON.stringify(answer(vector))}`);
  }
  console.log(`${all.length - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}
