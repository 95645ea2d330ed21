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

/** A test that failed, and the first line of why; or a file that failed before its first test. */
export interface Failure {
  name: string;
  why: string;
}

// Of vitest's JSON reporter, which has the shape of Jest's.
const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['passed', 'failed']),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
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

/** What failed in a report, in its order. Throws a ZodError for a report that vitest did not write. */
export function failuresIn(report: unknown): Failure[] {
  return reportSchema.parse(report).testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults
      .filter(test => test.status === 'failed')
      .map(test => ({ name: `${name} > ${test.fullName}`, why: firstLine(test.failureMessages?.[0]) }));
    return failed.length === 0 && status === 'failed' ? [{ name, why: firstLine(message) }] : failed;
  });
}

const firstLine = (text = '') => text.split('\n', 1)[0] as string;
