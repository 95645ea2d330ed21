/** Tells a person what a command is doing. */
export interface Progress {
  /** Announces a step, runs it, and tells how long it took. */
  step: <T>(what: string, run: () => Promise<T>) => Promise<T>;
  line: (text: string) => void;
  /** Shows lines in the place of those shown before; where there is no terminal, only when they differ. */
  show: (lines: string[]) => void;
}

/** Writes progress to a stream: a terminal is drawn over, anything else gets lines. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  let shown: string[] = [];
  const line = (text: string) => {
    shown = [];
    stream.write(`${text}\n`);
  };
  return {
    line,
    async step(what, run) {
      line(`▸ ${what}`);
      const started = performance.now();
      const result = await run();
      line(`  done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
      return result;
    },
    show(lines) {
      const width = stream.columns ?? Number.POSITIVE_INFINITY;
      const fitting = lines.map(text => (text.length >= width ? `${text.slice(0, width - 2)}…` : text));
      if (fitting.join('\n') === shown.join('\n')) return;
      if (stream.isTTY && shown.length > 0) stream.write(`\u001b[${shown.length}A\u001b[J`);
      stream.write(`${fitting.join('\n')}\n`);
      shown = fitting;
    },
  };
}
