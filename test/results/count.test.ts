import { expect, it } from 'vitest';
import { countResults, failuresIn } from './count.ts';

const file = (status: 'passed' | 'failed', ...tests: string[]) => ({
  name: 'a.test.ts',
  status,
  message: tests.length > 0 ? '' : 'no such file\n  at a.test.ts',
  assertionResults: tests.map(test => ({
    status: test,
    fullName: 'the sky is blue',
    failureMessages: test === 'failed' ? ['expected grey to be blue\n  at a.test.ts:1'] : [],
  })),
});
const report = (...testResults: ReturnType<typeof file>[]) => ({ numTotalTests: 3, testResults });

it('tests are summed over files and steps', () => {
  const unit = {
    failed: true,
    report: report(file('failed', 'passed', 'failed'), file('passed', 'passed', 'skipped')),
  };
  const system = { failed: false, report: report(file('passed', 'passed', 'todo')) };
  expect(countResults([unit, system])).toEqual({ passed: 3, failed: 1, skipped: 2 });
});

it('a file that could not be loaded is a failure', () => {
  expect(countResults([{ failed: true, report: report(file('failed')) }])).toEqual({
    passed: 0,
    failed: 1,
    skipped: 0,
  });
});

it('a static check that failed is a failure, one that passed is no test', () => {
  const steps = [true, false].map(failed => ({ failed, report: undefined }));
  expect(countResults(steps)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

it('a run that failed although its tests passed is a failure', () => {
  const unhandled = { failed: true, report: report(file('passed', 'passed')) };
  expect(countResults([unhandled])).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

it('a report that is none is not taken for an empty one', () => {
  expect(() => countResults([{ failed: false, report: {} }])).toThrow('testResults');
});

it('what failed is named, with the first line of why', () => {
  expect(failuresIn(report(file('failed', 'passed', 'failed'), file('failed'), file('passed', 'passed')))).toEqual([
    { name: 'a.test.ts > the sky is blue', why: 'expected grey to be blue' },
    { name: 'a.test.ts', why: 'no such file' },
  ]);
});
