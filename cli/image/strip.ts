import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';

/** Folders that the command is made of. */
const folders = ['api', 'kube', 'proxmox', 'operator', 'simulator', 'portal', 'console-proxy', 'cli'];

/** What is built for browsers, or only tested with. */
const left = /(^|\/)(web|testing|node_modules)\/|\.test\.ts$|\.d\.ts$/;

/** A file of ours as another one names it: `'./plan.ts'`, `'#kube/queue.ts'`. */
const ownFile = /'((?:\.{1,2}\/|#)[^'\n]*)\.ts'/g;

/**
 * Writes the sources below `root` as JavaScript into the folder `out`, which is made anew. Every line stays where it is:
 * the types become blanks. What of it finds its packages is where `out` lies.
 */
export async function stripSources(root: string, out: string): Promise<void> {
  await rm(out, { recursive: true, force: true });
  for (const folder of folders) {
    const files = await readdir(join(root, folder), { recursive: true });
    for (const file of files.map(name => join(folder, name))) {
      if (!file.endsWith('.ts') || left.test(file)) continue;
      const target = join(out, file.replace(/\.ts$/, '.js'));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, stripFile(await readFile(join(root, file), 'utf8')));
    }
  }
  await cp(join(root, 'package.json'), join(out, 'package.json'));
}

const stripFile = (source: string): string => stripTypeScriptTypes(source).replace(ownFile, "'$1.js'");
