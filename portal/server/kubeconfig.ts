import { stringify } from 'yaml';

/** What people's kubeconfigs say. */
export interface KubeconfigSettings {
  /** The API server's address as people reach it. */
  server: string;
  /** Its authorities, PEM; absent where everybody's computer knows them. */
  ca?: string;
  /** How kubectl gets a token: by a plugin that signs in, or the person's own token is written into the file. */
  login: { kind: 'plugin'; issuer: string; clientId: string; scopes: string } | { kind: 'token' };
  /** Name of the cluster in the file. */
  name: string;
}

/** The kubeconfig of a person, as YAML. `idToken` is needed where the token is written into the file. */
export function kubeconfigFor(
  { server, ca, login, name }: KubeconfigSettings,
  person: { user: string; idToken?: string | undefined; namespace?: string | undefined },
): string {
  const user = login.kind === 'token' ? { token: person.idToken ?? '' } : { exec: pluginFor(login) };
  const cluster = { server, ...(ca && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }) };
  const context = { cluster: name, user: person.user, ...(person.namespace && { namespace: person.namespace }) };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name: person.user, user }],
    contexts: [{ name, context }],
    'current-context': name,
  });
}

/** https://github.com/int128/kubelogin, which people install once. */
function pluginFor({ issuer, clientId, scopes }: { issuer: string; clientId: string; scopes: string }) {
  const extra = scopes.split(' ').filter(scope => scope !== '' && scope !== 'openid');
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'kubectl',
    args: [
      'oidc-login',
      'get-token',
      `--oidc-issuer-url=${issuer}`,
      `--oidc-client-id=${clientId}`,
      ...extra.map(scope => `--oidc-extra-scope=${scope}`),
    ],
    interactiveMode: 'IfAvailable',
    provideClusterInfo: false,
  };
}
