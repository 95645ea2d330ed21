import { z } from 'zod';
import { group as berthGroup } from '#api/names.ts';
import { KubeError } from '#kube/errors.ts';
import type { Requests } from '#kube/headers.ts';
import { turns } from '#kube/turns.ts';
import { type Acting, actingAs, type Person, personKey, reviewedGroups } from './person.ts';

/** May the person do this? `resource` is a plural, with its subresource behind a slash; the group is Berth's. */
export interface Question {
  verb: string;
  resource: string;
  /** All namespaces where absent, and for what has none. */
  namespace?: string;
  /** Any where absent. */
  name?: string;
}

/** Asks the API server what people may do, and remembers for a while. */
export interface Reviews {
  /** The answer of the last seconds, or a new one. Rejects with KubeError. */
  allowed(person: Person, question: Question): Promise<boolean>;
  /** A new answer. */
  ask(person: Person, question: Question): Promise<boolean>;
  /**
   * Names of machines in a namespace that the person may perhaps see: all (`'any'`), or those in the list. A hint that
   * spares questions; what is true is asked with `ask`.
   */
  hints(person: Person, namespace: string): Promise<'any' | readonly string[]>;
}

/** Rights that were taken away end within this time. */
const answerMs = 30_000;

/** Questions at once, of all people: the API server has other things to do, too. */
const mostAtOnce = 16;

/** Answers that are kept, the oldest going first. */
const mostAnswers = 50_000;

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

const rulesSchema = z.object({
  status: z.object({
    incomplete: z.boolean().optional(),
    resourceRules: z.array(
      z.object({
        verbs: z.array(z.string()),
        apiGroups: z.array(z.string()).optional(),
        resources: z.array(z.string()).optional(),
        resourceNames: z.array(z.string()).optional(),
      }),
    ),
  }),
});

/** Makes reviews over the portal's own requests. */
export function createReviews(own: Requests, acting: Acting, now: () => number): Reviews {
  const answers = new Map<string, { allowed: Promise<boolean>; at: number }>();
  const inTurn = turns(mostAtOnce);

  async function ask(person: Person, { verb, resource, namespace, name }: Question): Promise<boolean> {
    const [plural, subresource] = resource.split('/');
    const resourceAttributes = { group: berthGroup, verb, resource: plural, subresource, namespace, name };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: person.user, groups: reviewedGroups(acting, person), resourceAttributes },
    };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const answer = await inTurn(() => own.request({ method: 'POST', path, body }));
    return read(reviewSchema, answer).status.allowed;
  }

  return {
    ask,
    allowed(person, question) {
      const { verb, resource, namespace, name } = question;
      const key = JSON.stringify([personKey(person), verb, resource, namespace, name]);
      const known = answers.get(key);
      if (known && now() - known.at < answerMs) return known.allowed;
      const allowed = ask(person, question);
      answers.delete(key);
      answers.set(key, { allowed, at: now() });
      allowed.catch(() => answers.delete(key));
      const [oldest] = answers.keys();
      if (answers.size > mostAnswers && oldest !== undefined) answers.delete(oldest);
      return allowed;
    },
    async hints(person, namespace) {
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        spec: { namespace },
      };
      const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
      const requests = actingAs(own, acting, person);
      const { status } = read(rulesSchema, await inTurn(() => requests.request({ method: 'POST', path, body })));
      return status.incomplete ? 'any' : hintsOf(status.resourceRules);
    },
  };
}

/** Throws KubeError for an answer that is not what was asked for. */
function read<T extends z.ZodType>(schema: T, answer: unknown): z.output<T> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const message = `the API server answered something else than asked for: ${z.prettifyError(parsed.error)}`;
  throw new KubeError({ status: 0, reason: 'Malformed', message });
}

function hintsOf(rules: z.infer<typeof rulesSchema>['status']['resourceRules']): 'any' | string[] {
  const names = new Set<string>();
  const has = (list: string[] | undefined, ...wanted: string[]) => wanted.some(text => list?.includes(text));
  for (const { verbs, apiGroups, resources, resourceNames } of rules) {
    if (!has(apiGroups, berthGroup, '*') || !has(resources, 'virtualmachines', 'vmquotas', '*')) continue;
    if (!has(verbs, 'get', 'list', '*')) continue;
    if (!resourceNames?.length) return 'any';
    for (const name of resourceNames) names.add(name);
  }
  return [...names];
}
