import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';
import { startProgress } from './go-progress.ts';
import { withLock } from './lock.ts';
import { REMEDY } from './source.ts';

/** A program that is compiled from a Go module of this repository. */
export interface GoProgram {
  name: string;
  /** Folder with go.mod and go.sum, and perhaps Go files. */
  module: string;
  /** Import path of its main package, or `.`. */
  package: string;
  /** Linker flags beyond stripping. */
  ldflags?: readonly string[];
  /** Other names that link to the program. */
  links?: readonly string[];
}

/** What a build needs of its surroundings. `log` gets a line of progress now and then. */
export interface BuildContext {
  env: NodeJS.ProcessEnv;
  log: (line: string) => void;
  signal: AbortSignal;
  /** Folder that keeps what was built; `.cache` of the repository where it is not given. */
  cache?: string;
}

const CACHE = join(import.meta.dirname, '../../.cache');

/**
 * The folder that holds the compiled program and its links. It is built once for each state of its module; a second
 * process that asks meanwhile waits for the first. Rejects with what to install where there is no fitting Go.
 */
export async function goBuild(program: GoProgram, context: BuildContext): Promise<string> {
  const parent = join(context.cache ?? CACHE, program.name);
  const folder = join(parent, await cacheKey(program));
  if (await exists(join(folder, program.name))) return folder;
  await mkdir(parent, { recursive: true });
  const onWait = (pid: number) => context.log(`${program.name}: process ${pid} is building it, waiting`);
  await withLock(`${folder}.lock`, { onWait, signal: context.signal }, async () => {
    if (!(await exists(join(folder, program.name)))) await buildInto(folder, program, context);
  });
  return folder;
}

/** Whatever changes the outcome: the module's files, the main package and the machine. */
async function cacheKey(program: GoProgram): Promise<string> {
  const hash = createHash('sha256').update(`${program.package} ${program.ldflags} ${platform()} ${arch()}`);
  const files = (await readdir(program.module)).filter(file => /\.(go|mod|sum)$/.test(file)).sort();
  for (const file of files) hash.update(`\n${file}\n`).update(await readFile(join(program.module, file)));
  return hash.digest('hex').slice(0, 12);
}

async function buildInto(folder: string, program: GoProgram, { env, log, signal }: BuildContext): Promise<void> {
  const goEnv = { ...env, CGO_ENABLED: '0', GOWORK: 'off' };
  const go = (args: string[], onErrorLine?: (line: string) => void) =>
    run({ file: 'go', args, cwd: program.module, env: goEnv, signal, ...(onErrorLine && { onErrorLine }) });
  await requireGo(() => go(['list', '-m']));

  const unfinished = await mkdtemp(`${folder}.`);
  const progress = startProgress(program.name, log);
  try {
    const packages = await go(['list', '-deps', program.package], progress.onGoLine);
    progress.expect(packages.trimEnd().split('\n').length);
    const ldflags = ['-s', '-w', ...(program.ldflags ?? [])].join(' ');
    const output = join(unfinished, program.name);
    // -buildvcs=false: git may refuse to answer in a checkout that belongs to another user.
    const flags = ['-v', '-trimpath', '-buildvcs=false', '-ldflags', ldflags, '-o', output];
    await go(['build', ...flags, program.package], progress.onGoLine);
    for (const link of program.links ?? []) await symlink(program.name, join(unfinished, link));
    await putInPlace(unfinished, folder);
    progress.done();
  } finally {
    progress.stop();
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function requireGo(readModule: () => Promise<string>): Promise<void> {
  try {
    await readModule();
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(`There is no Go here. ${REMEDY}`);
    throw new Error(`The Go that is here does not do (${(error as Error).message.split('\n').at(-1)}). ${REMEDY}`);
  }
}

async function putInPlace(unfinished: string, folder: string): Promise<void> {
  try {
    await rename(unfinished, folder);
  } catch (error) {
    // Built twice, which the lock makes rare: either of the two will do.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
