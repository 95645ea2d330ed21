import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import type { ControlPlane } from '../control-plane/control-plane.ts';

/** What the API server answered, with the status that `kubectl` shows people. */
export interface Answer {
  status: number;
  /** `Status.message` of a refusal, or ''. */
  message: string;
  warnings: string[];
  body: Record<string, unknown>;
}

/** Sends requests as somebody: `method path`, and an object to send. */
export type Person = (method: string, path: string, object?: object, contentType?: string) => Promise<Answer>;

/** Who to be. The API server adds the group of everybody who has logged in. */
export interface Identity {
  user: string;
  group?: string;
}

/** Makes requests as other people, by impersonation. */
export function impersonator({ url, caFile, adminToken }: ControlPlane): (identity: Identity) => Person {
  const agent = new Agent({ connect: { ca: caFile ? readFileSync(caFile) : undefined } });
  return ({ user, group }) =>
    async (method, path, object, contentType = 'application/json') => {
      const { statusCode, headers, body } = await request(`${url}${path}`, {
        dispatcher: agent,
        method: method as 'GET',
        headers: {
          authorization: `Bearer ${adminToken}`,
          'impersonate-user': user,
          ...(group && { 'impersonate-group': group }),
          ...(object && { 'content-type': contentType }),
        },
        ...(object && { body: JSON.stringify(object) }),
      });
      const text = await body.text();
      // A watch that is allowed answers a line for each event, or nothing.
      const answer = (statusCode === 200 && path.includes('watch=1') ? {} : JSON.parse(text)) as Record<
        string,
        unknown
      >;
      return {
        status: statusCode,
        message: statusCode >= 400 ? String(answer.message ?? '') : '',
        warnings: [headers.warning ?? []].flat(),
        body: answer,
      };
    };
}
