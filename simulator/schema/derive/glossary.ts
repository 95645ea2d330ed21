import type { Release } from '../parameter.ts';
import { byRelease, type Line } from './lines.ts';

/** What a name holds: in one area or, `common`, in several. Names may end in `@8.4` or `@9.2`. */
export type Glossary = Record<string, string>;

/** One parameter of one route in one release. */
export interface Use extends Line {
  area: string;
  /** Its method and path. */
  route: string;
}

/** A schema that a name has in three areas or more stands in one place for all of them. */
export function commonGlossary(all: readonly Use[]): Glossary {
  const groups = [...Map.groupBy(all, ({ name, line }) => `${name} ${line}`).values()];
  return mostFrequent(groups.filter(uses => new Set(uses.map(use => use.area)).size >= 3).flat());
}

/** For each name and release its most frequent schema. */
export function mostFrequent(uses: readonly Use[]): Glossary {
  const lines = [...Map.groupBy(uses, ({ name, release }) => `${name} ${release}`).values()].map(group => {
    const [line = ''] = group
      .map(use => use.line)
      .toSorted((a, b) => count(group, b) - count(group, a) || (a < b ? -1 : 1));
    return { name: group[0]?.name ?? '', release: group[0]?.release ?? '9.2', line };
  });
  const alone = ({ name }: { name: string }) => lines.filter(line => line.name === name).length === 1;
  const meanings = { ...byRelease(lines.filter(line => !alone(line))) };
  for (const line of lines.filter(alone)) meanings[line.name] = line.line;
  return Object.fromEntries(Object.entries(meanings).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function count(uses: readonly Use[], line: string): number {
  return uses.filter(use => use.line === line).length;
}

/** What the glossary says of a name in a release. */
export function meaning(glossary: Glossary, name: string, release: Release): string | undefined {
  return glossary[`${name}@${release}`] ?? glossary[name];
}
