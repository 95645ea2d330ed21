import type { Server } from 'node:http';
import express from 'express';
import type { Registry } from 'prom-client';

/** What the probes ask. */
export interface Probes {
  registry: Registry;
  /** Whether traffic may be sent here, and what to say to that. */
  readiness: () => { ready: boolean; message: string };
}

/** Serves /healthz, /readyz and /metrics; no login, no secrets. Resolves once it listens. */
export async function serveProbes({ registry, readiness }: Probes, port: number, host: string): Promise<Server> {
  const app = express().disable('x-powered-by');
  app.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  app.get('/readyz', (_request, response) => {
    const { ready, message } = readiness();
    response
      .status(ready ? 200 : 503)
      .type('text/plain')
      .send(`${message}\n`);
  });
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  const listening = Promise.withResolvers<void>();
  const server = app.listen(port, host, error => (error ? listening.reject(error) : listening.resolve()));
  await listening.promise;
  return server;
}
