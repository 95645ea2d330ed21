import { cp, mkdir, readFile } from 'node:fs/promises';
import { basename, join, matchesGlob, posix, relative } from 'node:path';
import { run } from '../control-plane/command.ts';
import { type Instruction, type Stage, stagesOf } from './dockerfile.ts';

/** What a Dockerfile makes, in a folder instead of an image. */
export interface Image {
  base: string;
  /** Folder that holds what the image would hold on top of its base. */
  root: string;
  env: Record<string, string>;
  user: string | undefined;
  entrypoint: string[];
}

interface Building {
  /** Folder of the sources. */
  context: string;
  ignored: (path: string) => boolean;
  rootOf: (stage: string) => string;
}

/**
 * Runs the steps of the context's Dockerfile in folders under `dir`, one for each stage, without a Docker engine: what it
 * copies is copied with regard to .dockerignore, what it runs is run in its folder with this machine's programs. Rejects
 * at an instruction that it does not know.
 */
export async function buildImage(context: string, dir: string): Promise<Image> {
  const stages = stagesOf(await readFile(join(context, 'Dockerfile'), 'utf8'));
  const ignored = ignoredBy(await readFile(join(context, '.dockerignore'), 'utf8'));
  const building = { context, ignored, rootOf: (stage: string) => join(dir, stage) };
  let image: Image | undefined;
  for (const stage of stages) image = await buildStage(stage, building);
  if (!image) throw new Error('The Dockerfile has no stage');
  return image;
}

function ignoredBy(text: string): Building['ignored'] {
  const patterns = text.split('\n').filter(line => line && !line.startsWith('#'));
  if (patterns.some(pattern => pattern.startsWith('!')))
    throw new Error('.dockerignore: exceptions are not known here');
  return path => patterns.some(pattern => matchesGlob(path, pattern));
}

async function buildStage({ base, name = 'image', instructions }: Stage, building: Building): Promise<Image> {
  const image: Image = { base, root: building.rootOf(name), env: {}, user: undefined, entrypoint: [] };
  let workdir = '/';
  for (const instruction of instructions) {
    const { words } = instruction;
    switch (instruction.name) {
      case 'WORKDIR':
        workdir = posix.resolve(workdir, words.join(' '));
        await mkdir(join(image.root, workdir), { recursive: true });
        break;
      case 'COPY':
        await copy(instruction, join(image.root, workdir), image.root, building);
        break;
      case 'RUN': {
        const signal = AbortSignal.timeout(600_000);
        const cwd = join(image.root, workdir);
        await run({ file: '/bin/sh', args: ['-c', ...words], cwd, env: { ...process.env, ...image.env }, signal });
        break;
      }
      case 'ENV':
        Object.assign(image.env, Object.fromEntries(words.map(word => word.split('='))));
        break;
      case 'USER':
        image.user = words[0];
        break;
      case 'ENTRYPOINT':
        image.entrypoint = words;
        break;
      default:
        throw new Error(`Dockerfile: ${instruction.name} is not known here`);
    }
  }
  return image;
}

/** A folder's content goes into the destination; a file does where the destination ends with a slash. */
async function copy({ flags, words }: Instruction, cwd: string, root: string, building: Building): Promise<void> {
  const sources = words.slice(0, -1);
  const to = words.at(-1) ?? '';
  const destination = to.startsWith('/') ? join(root, to) : join(cwd, to);
  for (const source of sources) {
    const from = flags.from ? join(building.rootOf(flags.from), source) : join(building.context, source);
    const filter = (path: string) => flags.from !== undefined || !building.ignored(relative(building.context, path));
    const target = to.endsWith('/') ? join(destination, basename(source)) : destination;
    await cp(from, target, { recursive: true, filter, verbatimSymlinks: true });
  }
}
