import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';
import { ApiError } from './http/errors.ts';
import { nonceOf } from './http/headers.ts';

/** Stands in the built page where the nonce of each answer goes. */
const nonceText = '__CSP_NONCE__';

/** A year: names of these files have a hash of what is in them. */
const assetSeconds = 31_536_000;

/** Serves the built pages: their files, and the one page for every path that a browser asks for as a page. */
export function pages(folder: string): Router {
  const router = Router({ caseSensitive: true });
  const fileOptions = { index: false, redirect: false, dotfiles: 'ignore' } as const;
  const kept = { ...fileOptions, cacheControl: true, maxAge: assetSeconds * 1000, immutable: true };
  router.use('/assets', compressed(join(folder, 'assets')));
  router.use('/assets', express.static(join(folder, 'assets'), kept));
  router.use('/assets', (_request, _response, next) => next(new ApiError(404, 'NotFound', 'There is no such file.')));
  router.use(withoutIndex(express.static(folder, { ...fileOptions, cacheControl: false })));
  router.get('/{*path}', async (request, response) => {
    if (request.accepts(['html', 'json']) !== 'html') throw new ApiError(404, 'NotFound', 'There is no such page.');
    const page = await readFile(join(folder, 'index.html'), 'utf8').catch(() => undefined);
    if (page === undefined) {
      response.status(503).type('text/plain').send('The pages of the portal are not built. Run: make web\n');
      return;
    }
    response.type('html').send(page.replaceAll(nonceText, nonceOf(response)));
  });
  return router;
}

/** The page itself needs its nonce, so it is never served as a plain file. */
const withoutIndex =
  (files: RequestHandler): RequestHandler =>
  (request, response, next) =>
    /\/index\.html$/i.test(request.path) ? next() : files(request, response, next);

/** Names of the files that the build has written a second time, compressed. */
const compressible = /^\/[\w-]+(?:\.[\w-]+)*\.(js|css)$/;

/** Leads to the compressed form of a file where there is one and the browser takes it. */
const compressed =
  (folder: string): RequestHandler =>
  async (request, response, next) => {
    const [, type] = compressible.exec(request.path) ?? [];
    if (type !== undefined) {
      response.vary('Accept-Encoding');
      const file = `${request.path}.br`;
      const isThere = request.acceptsEncodings('br') === 'br' && (await isReadable(join(folder, file)));
      if (isThere) {
        response.type(type).setHeader('Content-Encoding', 'br');
        request.url = file;
      }
    }
    next();
  };

const isReadable = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
