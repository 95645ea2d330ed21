import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { run } from '#test/control-plane/command.ts';
import { toolPath } from './tools.ts';

const context = { env: process.env, log: console.error, signal: AbortSignal.timeout(900_000) };
const { env, signal } = context;
let goMod: string;
let helm: string;
let kind: string;

beforeAll(async () => {
  goMod = await readFile(join(import.meta.dirname, 'go.mod'), 'utf8');
  helm = await toolPath('helm', context);
  kind = await toolPath('kind', context);
});

it('helm is the release that go.mod names', async () => {
  const version = await run({ file: helm, args: ['version', '--template', '{{.Version}}'], env, signal });
  expect(version).toMatch(/^v4\.\d+/);
  expect(goMod).toContain(`helm.sh/helm/v4 ${version}.`); // helm leaves the patch number to its own release build.
});

it('kind is the release that go.mod names', async () => {
  const [, version] = (await run({ file: kind, args: ['version'], env, signal })).split(' ');
  expect(goMod).toContain(`sigs.k8s.io/kind ${version}`);
});
