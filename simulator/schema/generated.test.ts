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

/** How many requests a route gets: a few, and more for each of its parameters, so that none of them is seldom tried. */
function shares(parameterCounts: number[]): number[] {
  const least = 3;
  const total = parameterCounts.reduce((sum, count) => sum + count, 0);
  const rest = REQUESTS - least * parameterCounts.length;
  return parameterCounts.map(count => least + Math.ceil((rest * count) / total));
}

describeWithOracle('the verification of parameters', () => {
  it(`agrees with a second reading of the schema on ${REQUESTS} requests to every route`, () => {
    const cpuModels = readCpuModels(oracleFolder);
    const seen = { accepted: 0, refused: 0 };
    const cases = (['8.4', '9.2'] as Release[]).flatMap(release => {
      const oracle = readOracle(oracleFolder, release);
      const validate = createValidator(oracle, release, cpuModels);
      return oracle.endpoints
        .filter(isStated)
        .map(endpoint => ({ release, endpoint, validate, params: samples(endpoint, oracle.formats) }));
    });
    const counts = shares(cases.map(({ endpoint }) => Object.keys(endpoint.parameters).length));
    cases.forEach(({ release, endpoint, validate, params }, index) => {
      const where = `${release} ${endpoint.method} ${endpoint.path}`;
      const route = findRoute(release, endpoint.method, endpoint.path)?.route;
      if (!route) throw new Error(`there is no ${where}`);
      const agrees = fc.property(params, given => {
        const verified = verifyParameters(route, given);
        expect(disagreement(validate(endpoint, given), verified.ok ? {} : verified.errors), where).toBeUndefined();
        seen[verified.ok ? 'accepted' : 'refused']++;
      });
      fc.assert(agrees, { numRuns: counts[index] ?? 0, seed: SEED });
    });
    expect(seen.accepted + seen.refused).toBeGreaterThanOrEqual(REQUESTS);
    expect(seen.accepted).toBeGreaterThan(REQUESTS / 10);
    expect(seen.refused).toBeGreaterThan(REQUESTS / 10);
  }, 60_000);
});
