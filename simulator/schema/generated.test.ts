import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeWithOracle, oracleFolder } from './oracle/folder.ts';
import { type OracleEndpoint, readOracle } from './oracle/read.ts';
import { samples } from './oracle/samples.ts';
import { type Complaints, createValidator, readCpuModels, UNKNOWN } from './oracle/validator.ts';
import type { Release } from './parameter.ts';
import { findRoute } from './routes.ts';
import { verifyParameters } from './verify.ts';

const REQUESTS = 20_000;
/** Any number; it makes a failure the same on every machine. */
const SEED = 8006;

/** Schemas that another parameter's value chooses are not stated, see derive/main.ts. */
function isStated({ parametersSchema, parameters }: OracleEndpoint): boolean {
  return parametersSchema === undefined && Object.values(parameters).every(({ oneOf }) => !oneOf);
}

/** Whether `message` is the text, in which UNKNOWN stands for any text. */
function fits(text: string, message: string): boolean {
  const escaped = text.split(UNKNOWN).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('[^]*?')}$`).test(message);
}

function disagreement(expected: Complaints, errors: Record<string, string>): string | undefined {
  for (const name of new Set([...expected.keys(), ...Object.keys(errors)])) {
    const text = expected.get(name)?.join('\\n');
    if (text === UNKNOWN) continue;
    if (text === undefined) return `${name}: no complaint was expected, but ${errors[name]}`;
    if (!fits(text, errors[name] ?? '')) return `${name}: expected ${text}, but ${errors[name]}`;
  }
  return undefined;
}

describeWithOracle('the verification of parameters', () => {
  it(`agrees with a second reading of the schema on ${REQUESTS} requests to every route`, () => {
    const cpuModels = readCpuModels(oracleFolder);
    const cases = (['8.4', '9.2'] as Release[]).flatMap(release => {
      const oracle = readOracle(oracleFolder, release);
      const validate = createValidator(oracle, release, cpuModels);
      return oracle.endpoints.filter(isStated).map(endpoint => ({
        release,
        endpoint,
        validate,
        parameters: samples(endpoint, oracle.formats),
      }));
    });
    type Case = (typeof cases)[number];
    const seen = { routes: new Set<string>(), accepted: 0, refused: 0 };
    const request = fc
      .nat(cases.length - 1)
      .chain(index => (cases[index] as Case).parameters.map(params => ({ index, params })));
    fc.assert(
      fc.property(request, ({ index, params }) => {
        const { release, endpoint, validate } = cases[index] as Case;
        const route = findRoute(release, endpoint.method, endpoint.path)?.route;
        if (!route) throw new Error(`${release} has no ${endpoint.method} ${endpoint.path}`);
        const verified = verifyParameters(route, params);
        const expected = validate(endpoint, params);
        const where = `${release} ${endpoint.method} ${endpoint.path}`;
        expect(disagreement(expected, verified.ok ? {} : verified.errors), where).toBeUndefined();
        seen.routes.add(where);
        seen[verified.ok ? 'accepted' : 'refused']++;
      }),
      { numRuns: REQUESTS, seed: SEED },
    );
    expect(seen.routes.size).toBe(cases.length);
    expect(seen.accepted).toBeGreaterThan(REQUESTS / 10);
    expect(seen.refused).toBeGreaterThan(REQUESTS / 10);
  }, 60_000);
});
