import type { OnReadOpts } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';

/**
 * Whom to take for Proxmox. With a fingerprint the server has to show exactly that certificate; with a CA bundle, one
 * that these authorities signed for its name; with neither, one of the authorities that Node knows. There is no way to
 * trust just anybody.
 */
export interface Trust {
  /** PEM certificates. */
  caBundle?: string;
  /** SHA-256 of the server's own certificate in hexadecimal, colons allowed, as Proxmox shows it. */
  fingerprintSHA256?: string;
}

/** No connection came about, so that nothing was sent, not even the token. */
export class NotConnected extends Error {
  /** The server answered but is not the one that we trust. */
  readonly untrusted: boolean;

  constructor(message: string, options: ErrorOptions & { untrusted: boolean }) {
    super(message, options);
    this.name = 'NotConnected';
    this.untrusted = options.untrusted;
  }
}

/** Connects and verifies, before undici may write a byte; `onread` as in `tls.connect`. @throws TypeError for a malformed fingerprint. */
export function createConnector(trust: Trust, timeoutMs: number, onread?: OnReadOpts): buildConnector.connector {
  const pin = trust.fingerprintSHA256 === undefined ? undefined : parseFingerprint(trust.fingerprintSHA256);
  const connect = buildConnector({
    allowH2: false,
    timeout: timeoutMs,
    // A resumed session shows no certificate, which would leave nothing to compare.
    maxCachedSessions: 0,
    ...(trust.caBundle !== undefined && { secureContext: contextOf(trust.caBundle) }),
    ...(onread && { onread }),
    // A pinned certificate needs no authority: most are signed by the cluster's own. It is compared below instead.
    rejectUnauthorized: pin === undefined || trust.caBundle !== undefined,
  });
  return (options, callback) => {
    const where = `${options.hostname}:${options.port}`;
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(refused(where, error), null);
      const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : undefined;
      if (pin === undefined || (shown !== undefined && parseFingerprint(shown) === pin)) return callback(null, socket);
      socket.destroy();
      const reason = `${where}: the certificate's SHA-256 fingerprint is ${shown ?? 'unknown'}, not the trusted one`;
      callback(new NotConnected(reason, { untrusted: true }), null);
    });
  };
}

/** More clusters than this are reached from nowhere. */
const mostContexts = 64;

const contexts = new Map<string, SecureContext>();

/** What is made of a CA bundle, once: hundreds of consoles have a connection each, and would have one of these each. */
function contextOf(caBundle: string): SecureContext {
  const known = contexts.get(caBundle) ?? createSecureContext({ ca: caBundle });
  if (contexts.size >= mostContexts) contexts.clear();
  contexts.set(caBundle, known);
  return known;
}

function parseFingerprint(text: string): string {
  const hex = text.replaceAll(':', '').toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(hex)) throw new TypeError('a SHA-256 fingerprint has 64 hexadecimal digits');
  return hex;
}

function refused(where: string, error: Error): NotConnected {
  const code = 'code' in error ? String(error.code) : '';
  const untrusted = /CERT|SIGNATURE|ISSUER/.test(code);
  return new NotConnected(`${where}: ${error.message}`, { untrusted, cause: error });
}
