import { toolPath } from '#test/tools/tools.ts';
import { buildControlPlane } from './programs.ts';
import { chooseSource } from './source.ts';

// Compiles the control plane, if it is what the tests will use, and their tools, before they start: it may take longer
// than a test may.

const context = {
  env: process.env,
  log: (line: string) => console.error(line),
  signal: new AbortController().signal,
};
try {
  if (chooseSource(context).from === 'build') await buildControlPlane(context);
  for (const tool of ['helm', 'kind'] as const) await toolPath(tool, context);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
