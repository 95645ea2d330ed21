import { randomBytes } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';

/** A year, as browsers want it for their lists. */
const strictTransportSeconds = 31_536_000;

/** The nonce of an answer's styles. */
export const nonceOf = (response: Response): string => response.locals.nonce as string;

/**
 * Security headers of every answer. Scripts come from our own files only, styles from there or with the nonce, frames
 * from nowhere; a form may lead to the consoles. A window that the portal opens keeps its opener.
 */
export function securityHeaders(consoleOrigin: string | undefined): RequestHandler[] {
  const nonce: RequestHandler = (_request, response, next) => {
    response.locals.nonce = randomBytes(16).toString('base64url');
    next();
  };
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'", (_request, response) => `'nonce-${nonceOf(response as Response)}'`],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'"],
        'manifest-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'", ...(consoleOrigin ? [consoleOrigin] : [])],
        'frame-ancestors': ["'none'"],
      },
    },
    crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    // Without an origin the console would refuse the form that opens it: browsers send `Origin: null` under no-referrer.
    referrerPolicy: { policy: 'strict-origin' },
    strictTransportSecurity: { maxAge: strictTransportSeconds, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
  });
  const rest: RequestHandler = (_request, response, next) => {
    response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
    // What may be kept says so itself: the files of the bundle.
    response.setHeader('Cache-Control', 'no-store');
    next();
  };
  return [nonce, headers, rest];
}
