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

/** What one line must have: the rest may stand in another file's line with the same number. */
const lineSchema = z.looseObject({ seq: z.int(), response: z.unknown().optional() });

/**
 * Reads files of exchanges, one a line, and merges them by their number: of two lines with one number the one with an
 * answer wins, the other lends what it lacks. So answers may lie in a file of their own.
 */
export function readExchanges(files: string[]): Exchange[] {
  const bySeq = new Map<number, z.output<typeof lineSchema>>();
  for (const text of files.flatMap(file => readFileSync(file, 'utf8').split('\n'))) {
    if (text.trim() === '') continue;
    const line = check(lineSchema, JSON.parse(text), text);
    const known = bySeq.get(line.seq);
    const [first, second] = line.response === undefined ? [known, line] : [line, known];
    bySeq.set(line.seq, { ...second, ...(first ?? line) });
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq).map(toExchange);
}

function toExchange(line: unknown): Exchange {
  const exchange = check(exchangeSchema, line, JSON.stringify(line));
  return { ...exchange, request: { ...exchange.request, body: wholeBody(exchange) } };
}

function check<T>(schema: z.ZodType<T>, value: unknown, text: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(`not an exchange: ${text.slice(0, 80)}…\n${z.prettifyError(result.error)}`);
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
