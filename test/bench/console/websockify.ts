import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { KeyAndCertificate } from '../../control-plane/certificate.ts';
import { freePort } from '../../control-plane/port.ts';
import { whyNoPython } from '../../simulator/python.ts';

const run = promisify(execFile);

/** Pinned, so that a new release is a choice. */
const packages = ['websockify==0.13.0', 'numpy'];

const folder = join(import.meta.dirname, '../../../.cache/websockify');

/**
 * Starts websockify between WebSockets over TLS and a server of bytes over TLS; undefined, with the reason told, where
 * there is no Python.
 */
export async function startWebsockify(
  target: { port: number; ca: string },
  dir: string,
  { certificate, key }: KeyAndCertificate,
): Promise<{ url: string; process: ChildProcess } | undefined> {
  const missing = whyNoPython();
  if (missing !== undefined) {
    console.error(`without websockify: ${missing}`);
    return undefined;
  }
  const program = join(folder, 'bin/websockify');
  if (!existsSync(program)) {
    await run('python3', ['-m', 'venv', '--clear', folder]);
    await run(join(folder, 'bin/python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      ...packages,
    ]);
  }
  const certFile = join(dir, 'websockify.pem');
  await writeFile(certFile, certificate + key, { mode: 0o600 });
  const port = await freePort();
  const caFile = join(dir, 'source-ca.pem');
  await writeFile(caFile, target.ca);
  const args = ['--cert', certFile, '--ssl-only', '--ssl-target', `127.0.0.1:${port}`, `127.0.0.1:${target.port}`];
  const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, SSL_CERT_FILE: caFile } });
  process.once('exit', () => child.kill('SIGKILL'));
  for (let tries = 0; tries < 100 && !(await answers(port)); tries++) await sleep(100);
  return { url: `wss://127.0.0.1:${port}/`, process: child };
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
