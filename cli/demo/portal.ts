import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { KubeClient } from '#kube/client.ts';
import { trustIssuers } from '#test/control-plane/authentication.ts';
import { selfSignedCertificate } from '#test/control-plane/certificate.ts';
import { freePort } from '#test/control-plane/port.ts';
import { startIssuer } from './issuer.ts';
import { demoPrefix, groupBindings, people } from './people.ts';
import type { KubernetesStage } from './stage.ts';

/** As the operator has it; loading the operator for a word would be a lot. */
const figuresAudience = 'berth-operator';

/** A demo may run for a day. */
const tokenSeconds = 86_400;

/** The portal of the demo, and its identity provider. */
export interface DemoPortal {
  url: string;
  /** Authorities of both, PEM. */
  ca: string;
  close: () => Promise<void>;
}

/** Where other parts of the demo are. */
export interface Neighbours {
  /** https origin of the consoles. */
  consoleUrl?: string | undefined;
  /** http URL of the operator's figures. */
  figuresUrl?: string | undefined;
}

/** An origin for the portal to be on. Consoles must know it before the portal runs. */
export const choosePortalUrl = async (): Promise<string> => `https://127.0.0.1:${await freePort()}`;

/** A place for the operator to serve its figures. */
export async function chooseFigures(): Promise<{ url: string; operatorFlags: string[] }> {
  const port = String(await freePort());
  return {
    url: `http://127.0.0.1:${port}`,
    operatorFlags: ['--figures-host', '127.0.0.1', '--figures-port', port],
  };
}

/** A token of the portal's for the figures alone, as kubelet projects one into its pod. */
async function figuresToken({ connection }: KubeClient): Promise<string> {
  const answer = await connection.request({
    method: 'POST',
    path: '/api/v1/namespaces/berth-system/serviceaccounts/berth-portal/token',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [figuresAudience], expirationSeconds: tokenSeconds },
    },
  });
  return (answer as { status: { token: string } }).status.token;
}

/**
 * Starts the identity provider, has the API server trust it, binds roles to its groups, and starts the portal as a
 * process of its own with its own ServiceAccount. The tenants' namespaces must be there.
 */
export async function startPortal(
  { kube, controlPlane, startBerth }: KubernetesStage,
  folder: string,
  url: string,
  { consoleUrl, figuresUrl }: Neighbours = {},
): Promise<DemoPortal> {
  const dir = resolve(folder);
  await mkdir(dir, { recursive: true });
  const issuer = await startIssuer(people, [url]);
  const { authenticationFile, caFile } = controlPlane;
  // An API server that is not ours to configure knows nobody here; impersonation works there all the same.
  if (authenticationFile) {
    await trustIssuers(authenticationFile, [
      {
        url: issuer.url,
        ca: issuer.ca,
        audience: issuer.clientId,
        usernameClaim: 'preferred_username',
        usernamePrefix: demoPrefix,
        groupsClaim: 'groups',
        groupsPrefix: demoPrefix,
      },
    ]);
  }
  for (const { type, object } of groupBindings()) await kube.apply(type, object, { fieldManager: 'berth-demo' });
  const tls = selfSignedCertificate(['127.0.0.1']);
  const write = async (name: string, text: string) => {
    await writeFile(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  await startBerth(
    'portal',
    ...['--public-url', url, '--host', '127.0.0.1', '--port', new URL(url).port],
    ...['--tls-cert-file', await write('portal.crt', tls.certificate)],
    ...['--tls-key-file', await write('portal.key', tls.key)],
    ...['--issuer', issuer.url, '--issuer-ca-file', await write('issuer-ca.pem', issuer.ca)],
    ...['--client-id', issuer.clientId, '--client-secret-file', await write('client-secret', issuer.clientSecret)],
    ...['--session-keys-file', await write('session-keys', randomBytes(32).toString('base64'))],
    ...(authenticationFile ? ['--kubeconfig-server', controlPlane.url, '--kubeconfig-login', 'token'] : []),
    ...(authenticationFile && caFile ? ['--kubeconfig-ca-file', caFile] : []),
    ...(consoleUrl ? ['--console-url', consoleUrl] : []),
    ...(figuresUrl
      ? ['--figures-url', figuresUrl, '--figures-token-file', await write('figures-token', await figuresToken(kube))]
      : []),
  );
  return { url, ca: tls.certificate + issuer.ca, close: () => issuer.close() };
}
