import { createServer, type Server } from 'node:http';
import type { Portal } from './portal.ts';

/** Serves /healthz and /readyz on a port of their own: no login, and nothing else. Resolves once it listens. */
export async function serveProbes(portal: Portal, port: number, host: string): Promise<Server> {
  const server = createServer((request, response) => {
    const answers: Record<string, [status: number, text: string]> = {
      '/healthz': [200, 'ok\n'],
      '/readyz': portal.isReady() ? [200, 'ok\n'] : [503, 'the resources were not read yet\n'],
    };
    const [status, text] = answers[request.url ?? ''] ?? [404, 'not found\n'];
    response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
  });
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(port, host, () => listening.resolve());
  await listening.promise;
  return server;
}
