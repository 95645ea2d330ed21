import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import type { Plugin } from 'vite';

const compress = promisify(brotliCompress);

/** Writes each script and style a second time, compressed, so that the server need not do it with every answer. */
export const precompress = (folder: string): Plugin => ({
  name: 'precompress',
  async closeBundle() {
    const files = (await readdir(folder)).filter(file => /\.(js|css)$/.test(file));
    await Promise.all(
      files.map(async file =>
        writeFile(join(folder, `${file}.br`), await compress(await readFile(join(folder, file)))),
      ),
    );
  },
});
