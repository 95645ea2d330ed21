/**
 * Derives the folder facts/ from the schema of the real API: `PVE_ORACLE=… node simulator/schema/derive/main.ts`, then
 * `biome format --write simulator/schema/facts`. A test holds the result against the same schema.
 *
 * All routes are stated, not only those that the simulator serves. They cost 200 KB, and so an unknown path, a missing
 * right and a bad parameter are answered everywhere as the real API answers them, without a second list of what is
 * served. Texts for people, defaults and the schemas of answers are left out: nothing here needs them.
 */
import { type OracleEndpoint, readOracle } from '../oracle/read.ts';
import type { Release } from '../parameter.ts';
import { areaFacts } from './area.ts';
import { areaNames, areaOf } from './areas.ts';
import { commonGlossary, type Use } from './glossary.ts';
import { RELEASES, schemaLine } from './lines.ts';
import { writeFacts } from './print.ts';
import { nameTables, tableFacts, tableName } from './tables.ts';

const folder = process.env.PVE_ORACLE;
if (!folder) throw new Error('PVE_ORACLE names no folder with the schema of the real API');
const oracles = new Map(RELEASES.map(release => [release, readOracle(folder, release)]));
const tables = nameTables(oracles);
const versions = [...oracles].flatMap(([release, { endpoints }]) => endpoints.map(endpoint => ({ release, endpoint })));
const uses = versions.flatMap(({ release, endpoint }) => usesOf(release, endpoint));
const common = commonGlossary(uses);

writeFacts('property-strings', {
  name: 'propertyStrings',
  type: 'Record<string, PropertyFacts>',
  imports: { type: 'PropertyFacts', from: 'area.ts' },
  value: tableFacts(tables),
  depth: 1,
});
writeFacts('common', { name: 'common', type: 'Record<string, string>', value: common, depth: 1 });
for (const area of areaNames) {
  const own = versions.filter(({ endpoint }) => areaOf(endpoint.path) === area);
  const value = areaFacts(
    uses.filter(use => use.area === area),
    own,
    common,
  );
  writeFacts(area, { name: area, type: 'Area', imports: { type: 'Area', from: 'area.ts' }, value, depth: 2 });
}

/** The parameters of a route. Those whose schema another one's value chooses are left out: none is served. */
function usesOf(release: Release, { method, path, parameters }: OracleEndpoint): Use[] {
  return Object.entries(parameters)
    .filter(([, { oneOf }]) => !oneOf)
    .map(([name, property]) => ({
      area: areaOf(path),
      release,
      route: `${method} ${path}`,
      name,
      line: schemaLine(property, keys => tableName(tables, release, keys)),
    }));
}
