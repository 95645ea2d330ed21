/** One line of a Dockerfile: `COPY --from=a b c` has the flag `from` and the words `b` and `c`. */
export interface Instruction {
  name: string;
  flags: Record<string, string>;
  /** Its words; those of the JSON array where it is one, and the whole line of a RUN. */
  words: string[];
}

/** What stands between one FROM and the next. */
export interface Stage {
  base: string;
  /** As in FROM … AS name. */
  name: string | undefined;
  instructions: Instruction[];
}

/** Reads the stages of a Dockerfile without continued lines. Throws where the first instruction is no FROM. */
export function stagesOf(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const line of text.split('\n').filter(candidate => /^[^#\s]/.test(candidate))) {
    const instruction = parseLine(line);
    if (instruction.name === 'FROM') {
      const [base = '', , name] = instruction.words;
      stages.push({ base, name, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (!stage) throw new Error(`${line}: a Dockerfile begins with FROM`);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

function parseLine(line: string): Instruction {
  const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
  if (name === 'RUN') return { name, flags: {}, words: [rest] };
  if (rest.startsWith('[')) return { name, flags: {}, words: JSON.parse(rest) };
  const words = rest.split(/\s+/);
  const flags = words.filter(word => word.startsWith('--')).map(flag => flag.slice(2).split('='));
  return { name, flags: Object.fromEntries(flags), words: words.filter(word => !word.startsWith('--')) };
}
