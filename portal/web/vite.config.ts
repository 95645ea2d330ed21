import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { precompress } from './precompress.ts';

/** Builds the pages into dist/, which the portal's server serves from its root. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), precompress(join(import.meta.dirname, 'dist/assets'))],
  build: {
    // Browsers of the last two years or so; what older ones lack is not made up for.
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // A data: URL would need an exception from the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: 'licenses.md' },
  },
});
