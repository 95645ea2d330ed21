import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toolPath } from '#test/tools/tools.ts';
import { run } from './command.ts';
import type { BuildContext } from './go-build.ts';
import type { Running } from './local.ts';
import { REMEDY } from './source.ts';

/**
 * Starts a cluster in Docker, named after `dir`; one that a killed process left under that name is replaced. Rejects
 * with what to do where no Docker engine answers. Webhooks on this machine's loopback interface are out of its reach.
 */
export async function startKind(dir: string, context: BuildContext): Promise<Running> {
  const { env, log, signal } = context;
  await requireDocker(context);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = await toolPath('kind', context);
  const kubeconfig = join(dir, 'kubeconfig');
  const name = `berth-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`;
  const which = ['--name', name, '--kubeconfig', kubeconfig];
  const kind = (args: string[], until: AbortSignal) => run({ file, args, env, signal: until, onErrorLine: log });
  const remove = () => kind(['delete', 'cluster', ...which], AbortSignal.timeout(120_000));
  await remove();
  try {
    await kind(['create', 'cluster', ...which, '--wait', '180s'], signal);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    kubeconfig,
    stop: async () => {
      await remove();
    },
  };
}

async function requireDocker({ env, signal }: BuildContext): Promise<void> {
  try {
    await run({ file: 'docker', args: ['info'], env, signal });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new Error(`CLUSTER=kind needs a Docker engine, and none answers \`docker info\` here. ${REMEDY}`);
  }
}
