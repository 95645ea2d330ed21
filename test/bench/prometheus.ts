/** A sample of Prometheus' text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;

/** Reads the samples of these names from Prometheus' text format. */
export function samplesOf(text: string, names: readonly string[]): Sample[] {
  return text.split('\n').flatMap(row => {
    const [, name = '', labels = '', value] = line.exec(row) ?? [];
    return names.includes(name) ? [{ name, labels: labelsOf(labels), value: Number(value) }] : [];
  });
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, value]));
}

/** The sum of the samples. */
export const sumOf = (samples: Sample[]): number => samples.reduce((sum, { value }) => sum + value, 0);
