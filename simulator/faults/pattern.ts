import type { Request } from '../http/message.ts';
import type { Aim } from './perform.ts';
import type { Fault } from './rule.ts';

/** A call as rules see it. */
export interface SeenCall extends Aim {
  method: string;
  /** Below `/api2/json`. */
  path: string;
  target: string;
}

/** What rules may ask of a request. */
export function seeCall({ method, target, body }: Request): SeenCall {
  const [whole = '', query = ''] = target.split('?');
  const path = whole.replace(/^\/api2\/[a-z0-9]+/, '') || '/';
  const node = /^\/nodes\/([^/]+)/.exec(path)?.[1];
  const given = new URLSearchParams(body === undefined ? query : body.toString());
  const vmid = given.get('newid') ?? given.get('vmid') ?? /\/(?:qemu|lxc)\/(\d+)/.exec(path)?.[1];
  return {
    method,
    path,
    target,
    ...(node !== undefined && { node }),
    ...(vmid != null && /^\d+$/.test(vmid) && { vmid: Number(vmid) }),
  };
}

/** Makes the test whether a call is one that a rule names. */
export function callMatcher(rule: Pick<Fault, 'method' | 'path'>): (call: SeenCall) => boolean {
  const pattern = rule.path === undefined ? undefined : compile(rule.path);
  return call => (rule.method ?? call.method) === call.method && (pattern?.test(call.path) ?? true);
}

function compile(path: string): RegExp {
  const parts = path.split(/(\*\*|\*|\{[^}]+\})/);
  const sources = parts.map(part => {
    if (part === '**') return '.*';
    return part === '*' || part.startsWith('{') ? '[^/]+' : part.replaceAll(/[.+?^$()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${sources.join('')}$`);
}
