import { expect, it } from 'vitest';
import { describeWithOracle, oracleFolder } from './oracle/folder.ts';
import { type OracleEndpoint, type OracleProperty, readOracle } from './oracle/read.ts';
import type { Parameter, PropertyTable, Release } from './parameter.ts';
import { allRoutes, findRoute } from './routes.ts';

/** A schema in the oracle's form and in ours, brought to one that both can be compared in. */
type Plain = Record<string, unknown>;

function plainOurs(parameter: Parameter): Plain {
  const { type, format, pattern, properties, items, ...limits } = parameter;
  return {
    ...limits,
    type,
    ...(format && { format }),
    ...(pattern && { pattern: pattern.source }),
    ...(items && { items: plainOurs(items) }),
    ...(properties && { format: plainTable(properties) }),
  };
}

function plainTable({ keys, aliases, keyless }: PropertyTable): Plain {
  const plain = [...keys].map(([key, parameter]) => [key, { ...plainOurs(parameter), keyless: key === keyless }]);
  return Object.fromEntries([...plain, ...[...aliases].map(([name, { key, names }]) => [name, `${key} ${names}`])]);
}

function plainOracle(property: OracleProperty, formats: ReturnType<typeof readOracle>['formats']): Plain {
  const { type, optional = false, format, patternJs, index, items, oneOf, ...rest } = property;
  const { alias, keyAlias, default_key, ...limits } = rest;
  const keys = typeof format === 'string' ? formats[format]?.properties : format?.properties;
  const table = Object.entries(keys ?? {}).map(([key, inner]) => [
    key,
    inner.alias
      ? `${inner.alias} ${inner.keyAlias}`
      : { ...plainOracle(inner, formats), keyless: inner.default_key === true },
  ]);
  return {
    ...limits,
    // Without a type, or with an unknown one, any text will do.
    type: ['integer', 'number', 'boolean', 'array'].find(known => known === type) ?? 'string',
    optional,
    ...(format && { format: keys ? Object.fromEntries(table) : format }),
    ...(patternJs && { pattern: new RegExp(patternJs).source }),
    ...(items && { items: plainOracle(items, formats) }),
  };
}

/** The oracle leaves the schemas of two routes to a parameter's value, and of a few parameters too. */
function isStated({ parametersSchema }: OracleEndpoint): boolean {
  return parametersSchema === undefined;
}

describeWithOracle('the facts about the API', () => {
  for (const release of ['8.4', '9.2'] as Release[]) {
    const { endpoints, formats } = readOracle(oracleFolder, release);

    it(`have every route of ${release}, and no other`, () => {
      const stated = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
      const expected = ['GET /', ...endpoints.map(stated)];
      expect(allRoutes(release).map(stated).sort()).toEqual(expected.sort());
    });

    it(`have who may call each route of ${release}, where it runs and what it is called`, () => {
      for (const { method, path, name, permissions, allowtoken, proxyto, ...endpoint } of endpoints) {
        const route = findRoute(release, method, path)?.route;
        expect({ proxyTo: undefined, ...route }, path).toMatchObject({
          name,
          permissions,
          allowToken: allowtoken,
          protected: endpoint.protected ?? false,
          open: endpoint.additionalProperties,
          proxyTo: proxyto,
        });
      }
    });

    it(`have every parameter of ${release}, with its type, format and limits`, () => {
      for (const endpoint of endpoints.filter(isStated)) {
        const route = findRoute(release, endpoint.method, endpoint.path)?.route;
        const expected = Object.entries(endpoint.parameters)
          .filter(([, { oneOf }]) => !oneOf)
          .flatMap(([name, property]) => {
            const inPath = endpoint.path.includes(`{${name}}`);
            const plain = plainOracle(inPath ? { ...property, optional: false } : property, formats);
            const { min, max } = property.index ?? { min: 0, max: 0 };
            if (!property.index) return [[name, plain]];
            return Array.from({ length: max - min + 1 }, (_, n) => [name.replace('[n]', String(min + n)), plain]);
          });
        const ours = Object.entries(route?.parameters ?? {}).map(([name, parameter]) => [name, plainOurs(parameter)]);
        expect(Object.fromEntries(ours), `${endpoint.method} ${endpoint.path}`).toEqual(Object.fromEntries(expected));
      }
    });
  }
});
