import { z } from 'zod';

/** What one step of `make test` left behind. */
export interface StepResult {
  /** True if the step ended with an error. */
  failed: boolean;
  /** The JSON that vitest's reporter wrote; undefined for a step without tests, or one that died before. */
  report: unknown;
}

/** Numbers of tests. A step that failed counts as one where no test of it says why. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

// Of vitest's JSON reporter, which has the shape of Jest's.
const reportSchema = z.object({
  testResults: z.array(
    z.object({
      status: z.enum(['passed', 'failed']),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/** Sums the steps up. Throws a ZodError for a report that vitest did not write. */
export function countResults(steps: readonly StepResult[]): Count {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { failed, report } of steps) {
    const count = report === undefined ? { passed: 0, failed: 0, skipped: 0 } : countReport(report);
    total.passed += count.passed;
    total.skipped += count.skipped;
    total.failed += failed ? Math.max(count.failed, 1) : count.failed;
  }
  return total;
}

function countReport(report: unknown): Count {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, assertionResults } of reportSchema.parse(report).testResults) {
    const failedTests = assertionResults.filter(test => test.status === 'failed').length;
    const passedTests = assertionResults.filter(test => test.status === 'passed').length;
    // A file that cannot be loaded, or whose set-up fails, has no test to blame.
    count.failed += status === 'failed' ? Math.max(failedTests, 1) : failedTests;
    count.passed += passedTests;
    count.skipped += assertionResults.length - failedTests - passedTests;
  }
  return count;
}
