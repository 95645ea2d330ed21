import { once } from 'node:events';
import { createServer } from 'node:https';
import { json } from 'node:stream/consumers';
import { AdmissionregistrationV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { selfSignedCertificate } from './certificate.ts';
import type { ControlPlane } from './control-plane.ts';
import { freshNamespace, sharedControlPlane } from './shared.ts';

let controlPlane: ControlPlane;

beforeAll(async () => {
  controlPlane = await sharedControlPlane();
});

it('the API server asks a webhook on the loopback interface', async () => {
  const config = new KubeConfig();
  config.loadFromFile(controlPlane.kubeconfig);
  const namespace = await freshNamespace(controlPlane, 'webhook');
  const { url, certificate } = await startRefusingWebhook('not on a Sunday');
  const name = `${namespace}.berth.dev`;
  const admission = config.makeApiClient(AdmissionregistrationV1Api);
  onTestFinished(async () => {
    await admission.deleteValidatingWebhookConfiguration({ name });
  });
  await admission.createValidatingWebhookConfiguration({
    body: {
      metadata: { name },
      webhooks: [
        {
          name,
          clientConfig: { url, caBundle: Buffer.from(certificate).toString('base64') },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'], operations: ['CREATE'] }],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  });
  // The API server learns of a new webhook by a watch, so the first requests may pass.
  const create = () =>
    config.makeApiClient(CoreV1Api).createNamespacedSecret({ namespace, body: { metadata: { generateName: 's-' } } });
  await vi.waitFor(() => expect(create()).rejects.toThrow('not on a Sunday'), { timeout: 60_000, interval: 100 });
});

async function startRefusingWebhook(message: string): Promise<{ url: string; certificate: string }> {
  const { key, certificate } = selfSignedCertificate(['127.0.0.1']);
  const server = createServer({ key, cert: certificate }, async (request, response) => {
    const review = (await json(request)) as { request: { uid: string } };
    const answer = { uid: review.request.uid, allowed: false, status: { message } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `https://127.0.0.1:${(server.address() as { port: number }).port}`, certificate };
}
