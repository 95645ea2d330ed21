import { describe, it } from 'vitest';

/** The folder with the schema of the real API and captured exchanges, if there is one. */
export const oracleFolder = process.env.PVE_ORACLE ?? '';

/** Tests that need that folder. Where PVE_ORACLE is unset one skipped test stands for them, which reads nothing. */
export function describeWithOracle(name: string, tests: () => void): void {
  if (oracleFolder) describe(name, tests);
  else describe(name, () => it.skip('skipped: PVE_ORACLE names no folder with the schema of the real API'));
}
