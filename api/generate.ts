import { readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { toCrd } from './crd.ts';
import { kinds } from './kinds.ts';
import { group } from './names.ts';

/** The files of crds/: name and content, made from the zod schemas. */
export function crdFiles(): { name: string; content: string }[] {
  return kinds.map(kind => ({
    name: `${group}_${kind.plural}.yaml`,
    content: `# Generated from api/ by "npm run crds". Do not edit.\n${stringify(toCrd(kind), {
      aliasDuplicateObjects: false,
      lineWidth: 120,
    })}`,
  }));
}

if (import.meta.main) {
  for (const { name, content } of crdFiles()) {
    const file = new URL(`../crds/${name}`, import.meta.url);
    let before = '';
    try {
      before = readFileSync(file, 'utf8');
    } catch {
      // There is no such file yet.
    }
    if (before === content) continue;
    writeFileSync(file, content);
    console.log(`wrote crds/${name}`);
  }
}
