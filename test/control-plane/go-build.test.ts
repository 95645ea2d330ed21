import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { run } from './command.ts';
import { type GoProgram, goBuild } from './go-build.ts';

/** For the whole file; without Go's cache each program takes a minute. */
const signal = AbortSignal.timeout(900_000);
let module: string;
let lines: string[];
let program: GoProgram;

const context = (env: NodeJS.ProcessEnv = process.env) => ({
  env,
  log: (line: string) => lines.push(line),
  signal,
  cache: join(module, 'cache'),
});

const write = async (file: string, text: string) => writeFile(join(module, file), text);

const builds = () => lines.filter(line => line.includes('building it with Go'));

beforeEach(async () => {
  module = await mkdtemp(join(tmpdir(), 'berth-go-build-'));
  onTestFinished(() => rm(module, { recursive: true }));
  lines = [];
  program = { name: 'hello', module, package: '.', links: ['hi'] };
  await write('go.mod', 'module hello.test\n\ngo 1.26\n');
  await write('main.go', 'package main\n\nfunc main() { print("hello") }\n');
});

describe('a Go program', () => {
  it('is built once, and again when its source changes', async () => {
    const first = await goBuild(program, context());
    expect(await goBuild(program, context())).toBe(first);
    expect(builds()).toHaveLength(1);
    await write('main.go', 'package main\n\nfunc main() {}\n');
    expect(await goBuild(program, context())).not.toBe(first);
  });

  it('runs under its other names too', async () => {
    const folder = await goBuild(program, context());
    const said: string[] = [];
    await run({ file: join(folder, 'hi'), args: [], env: {}, signal, onErrorLine: line => said.push(line) });
    expect(said).toEqual(['hello']);
  });

  it('is built by one of two that ask at the same time', async () => {
    const [first, second] = await Promise.all([goBuild(program, context()), goBuild(program, context())]);
    expect(second).toBe(first);
    expect(builds()).toHaveLength(1);
    expect(lines).toContain(`hello: process ${process.pid} is building it, waiting`);
  });

  it('that does not compile is refused in the words of the compiler, and tried again', async () => {
    await write('main.go', 'package main\n\nfunc main() { missing() }\n');
    await expect(goBuild(program, context())).rejects.toThrow('undefined: missing');
    await expect(goBuild(program, context())).rejects.toThrow('undefined: missing');
  });
});

describe('without a Go that does', () => {
  it('one sentence says that there is none and what to install', async () => {
    await expect(goBuild(program, context({ PATH: module }))).rejects.toThrow(
      /^There is no Go here\. Install Go 1\.26 or newer .*or set KUBEBUILDER_ASSETS .*or CLUSTER=kind .*--kubeconfig\.$/,
    );
  });

  it('one sentence says that it is too old and what to install', async () => {
    await write('go.mod', 'module hello.test\n\ngo 1.999\n');
    const env = { ...process.env, GOTOOLCHAIN: 'local' };
    await expect(goBuild(program, context(env))).rejects.toThrow(
      /^The Go that is here does not do \(.*requires go >= 1\.999.*\)\. Install Go 1\.26/,
    );
  });
});

it('the lock of a builder that was killed keeps nobody waiting', async () => {
  const folder = await goBuild(program, context());
  await rm(folder, { recursive: true });
  await writeFile(`${folder}.lock`, await pidOfTheDead());
  expect(await goBuild(program, context())).toBe(folder);
  await expect(readFile(`${folder}.lock`)).rejects.toThrow('ENOENT');
});

async function pidOfTheDead(): Promise<string> {
  return run({ file: 'sh', args: ['-c', 'echo $$'], env: process.env, signal });
}
