import { readFileSync } from 'node:fs';
import { z } from 'zod';

const headers = z.record(z.string(), z.string());

const response = z.object({
  status_line: z.string(),
  body: z.string().nullish(),
  headers: headers.optional(),
});

const exchangeSchema = z.object({
  seq: z.int(),
  name: z.string(),
  request: z.object({
    method: z.string(),
    target: z.string(),
    headers: headers.nullish(),
    body: z.string().nullish(),
  }),
  response: response.optional(),
  seconds: z.number().nullish(),
  /** The UPID that a request answered whose answer is not given. */
  upid: z.string().optional(),
  note: z.string().optional(),
  /** Several requests on one connection. */
  sequence: z.array(response.extend({ request: z.string(), headers: z.unknown() })).optional(),
});

/** One request to a real Proxmox VE and, unless it is kept apart, its answer. */
export type Exchange = z.output<typeof exchangeSchema>;

/** A recorded answer. */
export type RecordedAnswer = z.output<typeof response>;

/**
 * Reads files of exchanges, one a line, and merges them by their number: of two lines with one number the one with an
 * answer wins, the other lends what it lacks.
 */
export function readExchanges(files: string[]): Exchange[] {
  const bySeq = new Map<number, Exchange>();
  for (const line of files.flatMap(file => readFileSync(file, 'utf8').split('\n'))) {
    if (line.trim() === '') continue;
    const exchange = readLine(line);
    const known = bySeq.get(exchange.seq);
    const [first, second] = exchange.response === undefined ? [known, exchange] : [exchange, known];
    bySeq.set(exchange.seq, { ...second, ...(first ?? exchange) });
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

function readLine(line: string): Exchange {
  const result = exchangeSchema.safeParse(JSON.parse(line));
  if (result.success) return { ...result.data, request: { ...result.data.request, body: wholeBody(result.data) } };
  throw new Error(`not an exchange: ${line.slice(0, 80)}…\n${z.prettifyError(result.error)}`);
}

/** Long bodies were cut: `…...[41187 bytes]`. What is missing repeats the last character; an upload ends its part. */
function wholeBody({ request }: Exchange): string | null | undefined {
  const cut = /^([\s\S]*)\.\.\.\[(\d+) bytes\]$/.exec(request.body ?? '');
  if (cut === null) return request.body;
  const [, head = '', length = ''] = cut;
  const boundary = /boundary=(\S+)/.exec(request.headers?.['Content-Type'] ?? '')?.[1];
  const tail = boundary === undefined ? '' : `\r\n--${boundary}--\r\n`;
  const missing = Number(length) - Buffer.byteLength(head) - tail.length;
  return `${head}${head.slice(-1).repeat(missing)}${tail}`;
}
