import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { makeSelfSigned } from '#kube/testing/certificate.ts';

/** Claims and header of an ID token before it is signed. */
export interface Token {
  header: JWTHeaderParameters;
  claims: Record<string, unknown>;
  key: KeyObject | Uint8Array;
}

/** What an issuer does otherwise than it should. */
export interface Misbehaviour {
  /** Changes the metadata. */
  metadata?: (metadata: Record<string, unknown>) => Record<string, unknown>;
  /** Answers by itself, for a path; true where it did. */
  answer?: (path: string, response: ServerResponse) => boolean;
  /** Changes the ID token before it is signed. */
  token?: (token: Token) => Token;
  /** Changes the ID token after it was signed. */
  signed?: (idToken: string) => string | undefined;
  /** Changes the answer of the token endpoint. */
  answered?: (body: Record<string, unknown>) => Record<string, unknown>;
  /** Changes the parameters with which the browser is sent back. */
  sentBack?: (parameters: URLSearchParams) => void;
}

/** An OpenID provider that signs everybody in as ada, without asking, and may be told to do it wrong. */
export interface TestIssuer {
  url: string;
  ca: string;
  /** The key of its certificate: a portal on the same host may have both, so that a browser trusts one. */
  tlsKey: string;
  clientId: string;
  clientSecret: string;
  misbehave: Misbehaviour;
  /** A key that is not the issuer's. */
  strangersKey: KeyObject;
  close(): Promise<void>;
}

interface Grant {
  nonce: string;
  challenge: string;
  redirectUri: string;
}

/** Starts it on a port of its own. */
export async function startTestIssuer(): Promise<TestIssuer> {
  const { key, cert } = makeSelfSigned();
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const strangersKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'one', use: 'sig', alg: 'RS256' };
  const grants = new Map<string, Grant>();
  const server = createServer({ key, cert }, (request, response) => {
    handle(request, response).catch(() => response.writeHead(500).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    if (issuer.misbehave.answer?.(pathname, response)) return;
    const json = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (pathname === '/.well-known/openid-configuration') {
      const metadata = {
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        jwks_uri: `${url}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        authorization_response_iss_parameter_supported: true,
      };
      json(200, issuer.misbehave.metadata?.(metadata) ?? metadata);
    } else if (pathname === '/keys') {
      json(200, { keys: [jwk] });
    } else if (pathname === '/authorize') {
      const code = randomBytes(16).toString('base64url');
      const redirectUri = searchParams.get('redirect_uri') ?? '';
      const [nonce, challenge] = [searchParams.get('nonce') ?? '', searchParams.get('code_challenge') ?? ''];
      grants.set(code, { nonce, challenge, redirectUri });
      const back = new URLSearchParams({ code, state: searchParams.get('state') ?? '', iss: url });
      issuer.misbehave.sentBack?.(back);
      response.writeHead(303, { location: `${redirectUri}?${back}` }).end();
    } else if (pathname === '/token') {
      const form = new URLSearchParams(await textOf(request));
      const grant = grants.get(form.get('code') ?? '');
      grants.delete(form.get('code') ?? '');
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      if (!grant || grant.challenge !== challenge || grant.redirectUri !== form.get('redirect_uri')) {
        json(400, { error: 'invalid_grant' });
        return;
      }
      const body = { access_token: 'x', token_type: 'Bearer', expires_in: 60, id_token: await idToken(grant.nonce) };
      json(200, issuer.misbehave.answered?.(body) ?? body);
    } else {
      response.writeHead(404).end();
    }
  }

  async function idToken(nonce: string): Promise<string | undefined> {
    const at = Math.floor(Date.now() / 1000);
    const claims = { iss: url, aud: issuer.clientId, sub: 'ada', iat: at, exp: at + 60, nonce };
    const person = { preferred_username: 'ada', name: 'Ada', groups: ['team-a'] };
    const proper: Token = {
      header: { alg: 'RS256', kid: 'one' },
      claims: { ...claims, ...person },
      key: own.privateKey,
    };
    const { header, claims: told, key: signer } = issuer.misbehave.token?.(proper) ?? proper;
    const signed = await new SignJWT(told).setProtectedHeader(header).sign(signer);
    return issuer.misbehave.signed ? issuer.misbehave.signed(signed) : signed;
  }

  const issuer: TestIssuer = {
    url,
    ca: cert,
    tlsKey: key,
    clientId: 'berth',
    clientSecret: randomBytes(32).toString('base64url'),
    misbehave: {},
    strangersKey,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return issuer;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) text += chunk;
  return text;
}
