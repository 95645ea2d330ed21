import type { Call } from './call.ts';
import { ProxmoxError } from './errors.ts';
import { encodeForm } from './form.ts';

/** A request as it goes over the wire. */
export interface Message {
  target: string;
  headers: Record<string, string>;
  body: string | null;
}

/** The origin of an endpoint. @throws TypeError where it is not https, or more than an origin. */
export function originOf(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '' || url.pathname !== '/' || url.search !== '') {
    throw new TypeError(`endpoint ${JSON.stringify(endpoint)} is not of the form https://host:8006`);
  }
  return url.origin;
}

/**
 * Writes a call. DELETE takes no body and GET neither (501): their parameters go into the query.
 * @throws ProxmoxError `invalid` for parameters that Proxmox would misread, `unauthenticated` for a malformed token
 */
export function prepare(call: Call, token: string): Message {
  const refuse = (reason: string) =>
    new ProxmoxError({ kind: 'invalid', method: call.method, path: call.path, status: 0, reason });
  const form = encodeForm(call.params ?? {}, refuse);
  const inQuery = call.method === 'GET' || call.method === 'DELETE';
  const headers: Record<string, string> = { authorization: authorization(call, token), accept: 'application/json' };
  if (!inQuery) headers['content-type'] = 'application/x-www-form-urlencoded';
  return {
    target: `/api2/json${call.path}${inQuery && form !== '' ? `?${form}` : ''}`,
    headers,
    body: inQuery ? null : form,
  };
}

/** Checked here, since an error of the HTTP library about a bad header might quote it. */
function authorization(call: Call, token: string): string {
  if (!/^[^\s:/]+@[^\s:/!]+![^\s:/=]+=[\x21-\x7e]+$/.test(token)) {
    throw new ProxmoxError({
      kind: 'unauthenticated',
      method: call.method,
      path: call.path,
      status: 0,
      reason: 'the API token is not of the form user@realm!id=secret',
    });
  }
  return `PVEAPIToken=${token}`;
}
