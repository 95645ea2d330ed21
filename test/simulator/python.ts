import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The packages of the environment, pinned so that a new release of one is a choice. */
const PACKAGES = ['proxmoxer==2.3.0', 'requests==2.34.2'];

const FOLDER = join(import.meta.dirname, '../../.cache/proxmoxer');

/** Why proxmoxer cannot be had on this machine, with what to do about it; undefined if it can. */
export function whyNoPython(): string | undefined {
  const { status } = spawnSync('python3', ['-c', 'import ensurepip, venv']);
  return status === 0 ? undefined : 'there is no Python with venv: apt-get install python3-venv';
}

/** The Python of an environment with proxmoxer in it, made the first time it is asked for. */
async function pythonWithProxmoxer(): Promise<string> {
  const python = join(FOLDER, 'bin/python');
  const isThere = existsSync(python) && spawnSync(python, ['-c', 'import proxmoxer, requests']).status === 0;
  if (!isThere) {
    await run('python3', ['-m', 'venv', '--clear', FOLDER]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  }
  return python;
}

/** Runs a script with that Python and resolves with what it prints; rejects with its complaints. */
export async function runPython(script: string, parameters: string[]): Promise<string> {
  const python = await pythonWithProxmoxer();
  const { stdout } = await run(python, [join(import.meta.dirname, script), ...parameters], { timeout: 120_000 });
  return stdout;
}
