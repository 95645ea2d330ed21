import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { ZodError } from 'zod';
import type { Logger } from '#kube/telemetry.ts';
import type { QuotaGate } from '../effects/quota-gate.ts';
import type { KeyPair } from './certificate.ts';
import { type Answer, reviewMachine, reviewQuota, reviewSnapshot } from './review.ts';

/** A review holds the object twice; etcd takes 1.5 MiB of each. */
const mostBytes = 4 * 2 ** 20;

/** Serves the reviews over HTTPS. Resolves once it listens; `setSecureContext` renews its certificate. */
export async function serveReviews(
  gate: QuotaGate,
  { key, certificate }: KeyPair,
  address: { port: number; host: string },
  log: Logger,
): Promise<Server> {
  const onError = (error: unknown) => log.warn({ err: error }, 'a quota could not be checked at admission');
  const reviewers: Record<string, (body: unknown) => Answer | Promise<Answer>> = {
    '/machines': body => reviewMachine(gate, body, onError),
    '/quotas': reviewQuota,
    '/snapshots': body => reviewSnapshot(gate, body, onError),
  };
  const server = createServer({ key, cert: certificate, minVersion: 'TLSv1.2' }, (request, response) => {
    // The API server adds its timeout as a query.
    const review = reviewers[(request.url ?? '').replace(/\?.*/, '')];
    void answer(request, response, request.method === 'POST' ? review : undefined);
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  server.listen(address.port, address.host);
  await once(server, 'listening');
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  review: ((body: unknown) => Answer | Promise<Answer>) | undefined,
): Promise<void> {
  try {
    if (!review) {
      response.writeHead(404).end();
      return;
    }
    const body = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: await review(await read(request)),
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  } catch (error) {
    const isTheirs = error instanceof ZodError || error instanceof SyntaxError || error instanceof RangeError;
    response.writeHead(isTheirs ? 400 : 500).end();
  }
}

async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) throw new RangeError('the review is too large');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}
