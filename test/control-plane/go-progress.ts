const INTERVAL_MS = 10_000;

/** Progress of a Go build, fed with what `go build -v` writes to its standard error. */
export interface Progress {
  onGoLine: (line: string) => void;
  /** How many packages there are in all, compiled before or not. */
  expect: (packages: number) => void;
  done: () => void;
  stop: () => void;
}

/** Says every ten seconds how far Go has come: it names a module as it downloads it, a package as it compiles it. */
export function startProgress(name: string, log: (line: string) => void): Progress {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  let downloaded = 0;
  let compiled = 0;
  let total: number | undefined;
  log(`${name}: building it with Go, which takes minutes the first time`);
  const timer = setInterval(() => {
    const state =
      total === undefined ? `downloaded ${downloaded} modules` : `compiled ${compiled} of at most ${total} packages`;
    log(`${name}: ${seconds()} s, ${state}`);
  }, INTERVAL_MS);
  return {
    onGoLine: line => {
      if (line.startsWith('go: downloading ')) downloaded++;
      else if (/^[\w./-]+$/.test(line)) compiled++;
    },
    expect: packages => {
      total = packages;
    },
    done: () => log(`${name}: built in ${seconds()} s`),
    stop: () => clearInterval(timer),
  };
}
