import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Prints the URL of every module that loading the commands loads. */
const program = `
  import { registerHooks } from 'node:module';
  registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) });
  await import('./berth.ts');
`;

test('a command loads nothing of the parts that other commands run', async () => {
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  const args = ['--input-type=module', '--eval', program, 'berth', 'operator', '--help'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  const loaded = stdout.split('\n').filter(line => line.startsWith('file:'));
  expect(loaded.some(url => url.endsWith('/cli/operator.ts'))).toBe(true);
  const heavy = loaded.filter(url => /\/(simulator|test|operator|cli\/demo)\/(?!command)|client-node/.test(url));
  expect(heavy).toEqual([]);
});
