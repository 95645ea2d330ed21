import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration, type Context } from 'oidc-provider';
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';
import { selfSignedCertificate } from '#test/control-plane/certificate.ts';
import { type DemoPerson, demoPassword } from './people.ts';

/** The demo's OpenID provider. */
export interface DemoIssuer {
  url: string;
  /** Its authority, PEM. */
  ca: string;
  clientId: string;
  clientSecret: string;
  close: () => Promise<void>;
}

/** Ten hours: a working day, since a kubeconfig of the demo holds the token. */
const tokenSeconds = 36_000;

const mostFormBytes = 4096;

/** Starts a certified OpenID provider for a few people; `portalOrigins` may sign them in. */
export async function startIssuer(
  people: readonly DemoPerson[],
  portalOrigins: readonly string[],
): Promise<DemoIssuer> {
  const { key, certificate } = selfSignedCertificate(['localhost', '127.0.0.1']);
  const server = createServer({ key, cert: certificate });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const client = { clientId: 'berth', clientSecret: randomBytes(24).toString('base64url') };
  const provider = new Provider(url, configuration(people, portalOrigins, client));
  const callback = provider.callback();
  server.on('request', (request, response) => {
    const uid = /^\/sign-in\/([\w-]+)$/.exec(request.url ?? '')?.[1];
    if (uid === undefined) {
      void callback(request, response);
      return;
    }
    answerSignIn(provider, people, request, response).catch(() => response.writeHead(400).end('This sign-in is over.'));
  });
  return {
    ...client,
    url,
    ca: certificate,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function configuration(
  people: readonly DemoPerson[],
  origins: readonly string[],
  { clientId, clientSecret }: { clientId: string; clientSecret: string },
): Configuration {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    // What is forgotten when the demo ends is meant to be.
    adapter: createMemoryAdapter(0),
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: origins.map(origin => `${origin}/auth/callback`),
        post_logout_redirect_uris: origins.map(origin => `${origin}/`),
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'] },
    // kube-apiserver reads the ID token, and nothing else.
    conformIdTokenClaims: false,
    ttl: { IdToken: tokenSeconds, AccessToken: 600, Session: tokenSeconds, Interaction: 600, Grant: tokenSeconds },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource: signedOut },
    },
    interactions: { url: (_context, { uid }) => `/sign-in/${uid}` },
    renderError: context => {
      context.type = 'html';
      context.body = page('This did not work', '<p>Go back to the portal and try again.</p>');
    },
    findAccount: (_context, id) => {
      const person = people.find(({ name }) => name === id);
      if (!person) return undefined;
      const { name, displayName, groups } = person;
      const email = `${name}@example.org`;
      const claims = { sub: name, preferred_username: name, name: displayName, groups, email, email_verified: true };
      return { accountId: name, claims: () => claims };
    },
    // Everybody here knows what they sign in to: nobody is asked for consent.
    async loadExistingGrant(context) {
      const { session, client, provider } = context.oidc;
      const grant = new provider.Grant({ clientId: client?.clientId, accountId: session?.accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  };
}

async function answerSignIn(
  provider: Provider,
  people: readonly DemoPerson[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await provider.interactionDetails(request, response);
  const form = request.method === 'POST' ? await readForm(request) : undefined;
  const person = people.find(({ name }) => name === form?.get('name'));
  if (person && form?.get('password') === demoPassword) {
    await provider.interactionFinished(request, response, { login: { accountId: person.name } });
    return;
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(signInPage(people, form !== undefined));
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > mostFormBytes) throw new RangeError('the form is too large');
  }
  return new URLSearchParams(text);
}

const signInPage = (people: readonly DemoPerson[], failed: boolean): string =>
  page(
    'Sign in to the demo',
    `${failed ? '<p role="alert">That is not a name and its password.</p>' : ''}
<form method="post">
<p><label>Name <input name="name" autocomplete="username" autofocus required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button type="submit">Sign in</button></p>
</form>
<p>The password of all is <code>${demoPassword}</code>:</p>
<ul>${people.map(({ name, displayName, what }) => `<li><b>${name}</b> ${displayName} (${what})</li>`).join('')}</ul>`,
  );

function logoutSource(context: Context, form: string): void {
  context.body = page(
    'Sign out of the demo',
    `${form}<p><button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button></p>`,
  );
}

function signedOut(context: Context): void {
  context.body = page('You are signed out', '<p>You can close this page.</p>');
}

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>${title}</h1>
${body}
</html>
`;
