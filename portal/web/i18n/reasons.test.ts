import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import en from './en.ts';

const operator = join(import.meta.dirname, '../../../operator');

/** How reasons stand in the operator's sources. */
const patterns = [
  /\breason: (?:\w+ \? )?'([A-Z]\w+)'/g,
  /\breason: \w+ \? '[A-Z]\w+' : '([A-Z]\w+)'/g,
  /\b(?:notReady|holds): '([A-Z]\w+)'/g,
  /\bstall\(\s*'([A-Z]\w+)'/g,
  /\bwaitFor\([^']*'([A-Z]\w+)'/g,
  /\bact\((?:[^'()]|'[a-z]\w*')*'([A-Z]\w+)'/g,
  /\bqueued = '([A-Z]\w+)'/g,
  /'?\b(Agent[A-Z]\w+)\b'?:/g,
];

/**
 * What these pages show no condition of: consoles and operations, admission, which speaks in errors, and what concerns
 * a whole Proxmox cluster and is for administrators.
 */
const elsewhere = /^(core\/(console|operation|steps\/operate|catalogue|orphans|destroy-brake)|admission)/;

test('F137: there is a sentence for every reason that the operator gives', async () => {
  const files = await readdir(operator, { recursive: true });
  const sources = files.filter(
    file => file.endsWith('.ts') && !/\.test\.ts$|testing\//.test(file) && !elsewhere.test(file),
  );
  const found = new Map<string, string>();
  for (const file of sources) {
    const text = readFileSync(join(operator, file), 'utf8');
    for (const pattern of patterns) for (const [, reason = ''] of text.matchAll(pattern)) found.set(reason, file);
  }
  expect(found.size).toBeGreaterThan(45);
  const missing = [...found].filter(([reason]) => !(`reason.${reason}` in en) && !(`event.${reason}` in en));
  expect(missing).toEqual([]);
});
