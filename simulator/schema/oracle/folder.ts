import { describe } from 'vitest';

/** The folder with the schema of the real API and captured exchanges, if there is one. */
export const oracleFolder = process.env.PVE_ORACLE ?? '';

/** Tests that need that folder; they are skipped, and their name says so, where PVE_ORACLE is unset. */
export function describeWithOracle(name: string, tests: () => void): void {
  if (oracleFolder) describe(name, tests);
  else describe.skip(`${name} (skipped: PVE_ORACLE names no folder)`, tests);
}
