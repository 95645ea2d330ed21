import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import type { RefusalReason } from './refusal.ts';

/** Where Vite puts the pages. */
const dist = join(import.meta.dirname, 'web/dist');

/** The pages, as text. */
export type Pages = Record<'screen' | 'serial' | 'open' | 'refused', string>;

/** Reads the pages. Throws, saying what to do, where they were not built. */
export function readPages(): Pages {
  const read = (name: string) => {
    try {
      return readFileSync(join(dist, `${name}.html`), 'utf8');
    } catch (error) {
      throw new Error('the pages of the console are missing: run "make web"', { cause: error });
    }
  };
  return { screen: read('screen'), serial: read('serial'), open: read('open'), refused: read('refused') };
}

/**
 * Headers of every answer: no script but ours, no frames. The opener may live (the portal's power buttons ask it), so
 * that there is no Cross-Origin-Opener-Policy. A form of our own must say where it comes from: the policy for referrers
 * decides about Origin, too.
 */
export function securityHeaders(styleSource: "'self'" | "'unsafe-inline'"): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // xterm writes style elements of its own; only the serial page has this exception.
        styleSrc: styleSource === "'self'" ? ["'self'"] : ["'self'", styleSource],
        // The mouse pointer of a guest is a data: URL.
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    crossOriginOpenerPolicy: { policy: 'unsafe-none' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: { maxAge: 31_536_000 },
    xFrameOptions: { action: 'deny' },
  });
}

/** Scripts and styles, whose names change with what is in them. */
export const assets = (): RequestHandler =>
  express.static(join(dist, 'assets'), { immutable: true, maxAge: '1y', index: false, redirect: false });

/** Sends a page; it is the same for everybody. */
export function sendPage(response: Response, page: string, status = 200): void {
  response.status(status).type('html').set('cache-control', 'no-store').send(page);
}

/** The page that says in words why there is no console. */
export const refusedPage = ({ refused }: Pages, reason: RefusalReason): string =>
  refused.replace('content="Unavailable"', `content="${reason}"`);
