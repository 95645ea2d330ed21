import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { ApiError } from './errors.ts';

const minuteMs = 60_000;

/** Requests a minute. */
export interface RateLimits {
  /** Of an address, for anything. A page loads about ten files; offices share addresses. */
  perAddress: number;
  /** Sign-ins of an address. */
  signInsPerAddress: number;
  /** Of a person, for what changes something. */
  writesPerPerson: number;
}

export const defaultRateLimits: RateLimits = { perAddress: 6000, signInsPerAddress: 60, writesPerPerson: 120 };

/** Limits requests by what `keyOf` answers. Above it: 429 with Retry-After. */
export function limited(perMinute: number, keyOf: (request: Request) => string, what: string): RequestHandler {
  return rateLimit({
    windowMs: minuteMs,
    limit: perMinute,
    keyGenerator: keyOf,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (_request, response, next) => {
      const retryAfterSeconds = Number(response.getHeader('retry-after') ?? minuteMs / 1000);
      next(
        new ApiError(429, 'TooManyRequests', `There were too many ${what}. Try again in a moment.`, {
          retryAfterSeconds,
        }),
      );
    },
  });
}

/**
 * The address that a request comes from: that of the socket, or what the proxies that are ours wrote into
 * X-Forwarded-For, as many of them as express was told to trust. IPv6 counts by the network of 56 bits that one
 * customer has.
 */
export const addressOf = (request: Request): string => ipKeyGenerator(request.ip ?? 'unknown', 56);
