import { randomUUID } from 'node:crypto';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from '#kube/telemetry.ts';
import type { ErrorBody } from '#portal/api.ts';
import { apiErrorOf } from './errors.ts';

/** The id of a request, which its log lines and an error's answer carry. */
export const requestIdOf = (response: Response): string => response.locals.requestId as string;

/** Names who made a request in its log line. */
export function noteUser(response: Response, user: string): void {
  response.locals.user = user;
}

/** The longest path or agent that is logged. */
const longestText = 256;

/**
 * Gives each request an id of our own (one that comes with it proves nothing) and logs its end. JSON escapes whatever
 * people put into a path; queries are left out, since a code or a state may stand there.
 */
export function requestLog(log: Logger, now: () => number): RequestHandler {
  return (request, response, next) => {
    const requestId = randomUUID();
    const startedAt = now();
    response.locals.requestId = requestId;
    response.setHeader('X-Request-Id', requestId);
    response.on('close', () => {
      const { method, path } = request;
      const fields = {
        requestId,
        method,
        path: path.slice(0, longestText),
        status: response.statusCode,
        durationMs: Math.round(now() - startedAt),
        address: request.ip,
        user: response.locals.user as string | undefined,
      };
      const isQuiet = method === 'GET' && response.statusCode < 400;
      if (isQuiet) log.debug(fields, 'request');
      else log.info(fields, 'request');
    });
    next();
  };
}

/** Answers what was thrown, as JSON, and logs what is our own mistake. */
export function errorAnswers(log: Logger): ErrorRequestHandler {
  return (thrown, _request, response, next) => {
    const error = apiErrorOf(thrown);
    const requestId = requestIdOf(response);
    if (error.status >= 500) log.error({ requestId, err: error.cause ?? error }, 'a request failed');
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const { code, message, fields, retryAfterSeconds } = error;
    if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
    const body: ErrorBody = {
      error: { code, message, requestId, ...(fields && { fields }), ...(retryAfterSeconds && { retryAfterSeconds }) },
    };
    response.status(error.status).json(body);
  };
}
