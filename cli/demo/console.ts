import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type KeyAndCertificate, selfSignedCertificate } from '#test/control-plane/certificate.ts';
import { freePort } from '#test/control-plane/port.ts';
import type { BerthProcess } from './berth-process.ts';
import type { KubernetesStage } from './stage.ts';

/** The console-proxy of the demo. */
export interface DemoConsole {
  url: string;
  /** Authority of its certificate, PEM. */
  ca: string;
  caFile: string;
  process: BerthProcess;
}

/** An origin for consoles to be on: a host name of their own, which browsers take for this machine. */
export const chooseConsoleUrl = async (): Promise<string> => `https://console.localhost:${await freePort()}`;

/** A certificate for that origin, which replicas behind it share. */
export const consoleCertificate = (url: string): KeyAndCertificate => selfSignedCertificate([new URL(url).hostname]);

/** Starts the console-proxy as a process of its own with its own ServiceAccount. */
export async function startConsole(
  { startBerth }: KubernetesStage,
  folder: string,
  url: string,
  portalUrl: string,
  { certificate, key }: KeyAndCertificate,
  ...args: string[]
): Promise<DemoConsole> {
  const dir = resolve(folder);
  const { port } = new URL(url);
  const caFile = join(dir, 'console-ca.pem');
  const keyFile = join(dir, 'console.key');
  await writeFile(caFile, certificate);
  await writeFile(keyFile, key, { mode: 0o600 });
  const process = await startBerth(
    'console-proxy',
    ...['--origin', url, '--portal-origin', portalUrl, '--host', '127.0.0.1', '--port', port],
    ...['--tls-cert', caFile, '--tls-key', keyFile, '--drain-seconds', '1', '--linger-seconds', '0'],
    ...args,
  );
  return { url, ca: certificate, caFile, process };
}
