import { z } from 'zod';
import { group } from '#api/names.ts';
import type { Connection } from '#kube/connection.ts';

/** Tokens for the figures name this audience, so that one that is caught here opens nothing else. */
const audience = 'berth-operator';

/** Who asks, as the API server knows them. */
interface Caller {
  user: string;
  groups: string[];
}

/** Says whether the holder of a token may read a machine's figures. Rejects with KubeError. */
export interface FiguresAccess {
  /** Undefined: the token is none that counts here. */
  caller(token: string): Promise<Caller | undefined>;
  allowed(caller: Caller, namespace: string, name: string): Promise<boolean>;
}

/** How long an answer of the API server is good. */
const answerMs = 30_000;

const mostAnswers = 20_000;

const tokenReview = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    audiences: z.array(z.string()).default([]),
    user: z.object({ username: z.string().default(''), groups: z.array(z.string()).default([]) }).optional(),
  }),
});

const accessReview = z.object({ status: z.object({ allowed: z.boolean() }) });

/** Asks the API server, and remembers for a while. */
export function createFiguresAccess(connection: Pick<Connection, 'request'>, now: () => number): FiguresAccess {
  const callers = remembered<Caller | undefined>(now);
  const rights = remembered<boolean>(now);
  return {
    caller: token =>
      callers(token, async () => {
        const answer = await connection.request({
          method: 'POST',
          path: '/apis/authentication.k8s.io/v1/tokenreviews',
          body: {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenReview',
            spec: { token, audiences: [audience] },
          },
        });
        const { authenticated, audiences, user } = tokenReview.parse(answer).status;
        if (!authenticated || !audiences.includes(audience) || !user?.username) return undefined;
        return { user: user.username, groups: user.groups };
      }),
    allowed: ({ user, groups }, namespace, name) =>
      rights(JSON.stringify([user, groups, namespace, name]), async () => {
        const resourceAttributes = {
          group,
          resource: 'virtualmachines',
          subresource: 'metrics',
          verb: 'get',
          namespace,
          name,
        };
        const answer = await connection.request({
          method: 'POST',
          path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SubjectAccessReview',
            spec: { user, groups, resourceAttributes },
          },
        });
        return accessReview.parse(answer).status.allowed;
      }),
  };
}

/** Answers by key that are good for a while; failures are not kept. */
function remembered<T>(now: () => number): (key: string, ask: () => Promise<T>) => Promise<T> {
  const answers = new Map<string, { answer: Promise<T>; at: number }>();
  return (key, ask) => {
    const known = answers.get(key);
    if (known && now() - known.at < answerMs) return known.answer;
    const answer = ask();
    answers.delete(key);
    answers.set(key, { answer, at: now() });
    answer.catch(() => answers.delete(key));
    const [oldest] = answers.keys();
    if (answers.size > mostAnswers && oldest !== undefined) answers.delete(oldest);
    return answer;
  };
}
