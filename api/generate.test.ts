import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { crdFiles } from './generate.ts';

const crds = new URL('../crds/', import.meta.url);

test('crds/ is what the schemas say; "npm run crds" renews it', () => {
  const generated = Object.fromEntries(crdFiles().map(({ name, content }) => [name, content]));
  const committed = Object.fromEntries(
    readdirSync(crds).map(name => [name, readFileSync(new URL(name, crds), 'utf8')] as const),
  );
  expect(committed).toEqual(generated);
});
