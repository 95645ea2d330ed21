import { defineConfig } from 'vite';

const page = (name: string) => `${import.meta.dirname}/${name}.html`;

/** Builds the console's pages into dist/, which the console-proxy serves. */
export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // A data: URL would need an exception from the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: 'licenses.md' },
    rollupOptions: { input: ['screen', 'serial', 'open', 'refused'].map(page) },
  },
});
