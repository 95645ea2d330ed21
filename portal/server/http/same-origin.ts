import type { RequestHandler } from 'express';
import { ApiError } from './errors.ts';

const safeMethods = new Set(['GET', 'HEAD']);

/** What of a request tells where it comes from. */
export interface Provenance {
  method: string;
  path: string;
  /** `Sec-Fetch-Site`, which no page can set. */
  fetchSite: string | undefined;
  /** `Origin`. */
  origin: string | undefined;
}

/**
 * Whether a request may come from where it does. What changes something must prove that it comes from our own pages; a
 * browser that is too old to do so by `Sec-Fetch-Site` sends `Origin`. What reads must not come from another site.
 */
export function isOurs({ method, path, fetchSite, origin }: Provenance, ourOrigin: string): boolean {
  if (origin !== undefined && origin !== ourOrigin) return false;
  if (!safeMethods.has(method)) return fetchSite === undefined ? origin === ourOrigin : fetchSite === 'same-origin';
  const isForPages = path.startsWith('/api/');
  return !isForPages || fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none';
}

/** Refuses what comes from another site. There is no CORS: no other origin is ever let in. */
export function sameOrigin(ourOrigin: string): RequestHandler {
  return (request, _response, next) => {
    const { method, path } = request;
    const provenance = { method, path, fetchSite: request.get('sec-fetch-site'), origin: request.get('origin') };
    if (isOurs(provenance, ourOrigin)) next();
    else next(new ApiError(403, 'CrossSite', 'The request does not come from the pages of this portal.'));
  };
}
