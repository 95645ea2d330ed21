import * as client from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { SignInError } from './identity.ts';

/** The OpenID provider, and what it knows of the portal. */
export interface IssuerSettings {
  issuer: string;
  clientId: string;
  /** Absent for a public client: PKCE alone protects the code then. */
  clientSecret?: string;
  /** Authorities to trust instead of the usual ones, PEM. */
  ca?: string;
  scopes: string;
  /** `…/auth/callback` of the portal. */
  redirectUri: string;
  /** Where the provider sends people after they have signed out there. */
  signedOutUri: string;
}

/** What a sign-in keeps, sealed in a cookie, until the provider sends the person back. */
export interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
}

/** What a sign-in ended with: the verified claims, and the token that they stood in. */
export interface SignedIn {
  claims: Readonly<Record<string, unknown>>;
  idToken: string;
  /** When the token ends, in milliseconds since the epoch. */
  tokenExpiresAt: number;
}

/** The OpenID provider. Every call throws SignInError. */
export interface Issuer {
  /** Where to send somebody who wants to sign in. */
  begin(): Promise<{ url: string; attempt: Attempt }>;
  /** Redeems the code with which the provider sent somebody back: `query` is that of the callback. */
  complete(query: string, attempt: Attempt): Promise<SignedIn>;
  /** Where to end the session at the provider; undefined where it offers no such place. */
  endSessionUrl(): Promise<string | undefined>;
}

/** Seconds for each call to the provider. */
const timeoutSeconds = 10;

/** Its metadata are read anew this often: endpoints and algorithms may change. Keys are looked after by the library. */
const metadataMs = 3_600_000;

/** Makes the provider; it is asked for its metadata only when somebody signs in, so it may be down before. */
export function createIssuer(settings: IssuerSettings, now: () => number): Issuer {
  const { issuer, clientId, clientSecret, ca, redirectUri } = settings;
  const dispatcher = new Agent({ connect: ca ? { ca } : {} });
  const fetchFromIssuer = ((url: string, options: object) =>
    undiciFetch(url, { ...options, redirect: 'manual', dispatcher })) as unknown as client.CustomFetch;
  let known: { configuration: Promise<client.Configuration>; readAt: number } | undefined;

  async function configuration(): Promise<client.Configuration> {
    if (known && now() - known.readAt < metadataMs) return known.configuration;
    const authentication = clientSecret ? client.ClientSecretBasic(clientSecret) : client.None();
    const discovered = client.discovery(new URL(issuer), clientId, undefined, authentication, {
      timeout: timeoutSeconds,
      [client.customFetch]: fetchFromIssuer,
      // Else a token that came straight from the provider would be believed without its signature.
      execute: [client.enableNonRepudiationChecks],
    });
    known = { configuration: discovered, readAt: now() };
    try {
      return await discovered;
    } catch (error) {
      known = undefined;
      throw new SignInError(
        'IssuerUnavailable',
        'The identity provider does not answer as it should. Try again later.',
        error,
      );
    }
  }

  return {
    async begin() {
      const config = await configuration();
      const attempt = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      };
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: settings.scopes,
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, attempt };
    },
    async complete(query, { state, nonce, verifier }) {
      const config = await configuration();
      const url = new URL(redirectUri);
      url.search = query;
      try {
        const tokens = await client.authorizationCodeGrant(config, url, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (!claims || !tokens.id_token) throw new Error('the answer has no ID token');
        return { claims, idToken: tokens.id_token, tokenExpiresAt: claims.exp * 1000 };
      } catch (error) {
        throw refusal(error);
      }
    },
    async endSessionUrl() {
      const config = await configuration();
      if (!config.serverMetadata().end_session_endpoint) return undefined;
      // Without the hint of an ID token: it opens doors, and URLs end in logs. The provider may ask the person once more.
      return client.buildEndSessionUrl(config, { post_logout_redirect_uri: settings.signedOutUri }).href;
    },
  };
}

/** Says in plain words why a sign-in did not come about. What the provider wrote goes to the log, not to the page. */
function refusal(error: unknown): SignInError {
  if (error instanceof client.AuthorizationResponseError) {
    return error.error === 'access_denied'
      ? new SignInError('Denied', 'The sign-in was cancelled, or the identity provider does not let you in.', error)
      : new SignInError('IssuerRefused', 'The identity provider refused the sign-in.', error);
  }
  if (isUnreachable(error)) {
    return new SignInError(
      'IssuerUnavailable',
      'The identity provider does not answer as it should. Try again later.',
      error,
    );
  }
  return new SignInError('Rejected', 'The answer of the identity provider was not accepted. Try again.', error);
}

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: string };
  return error.name === 'TypeError' || code === 'OAUTH_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT';
}
