import type { Answer } from '../http/message.ts';
import type { Exchange, RecordedAnswer } from './exchange.ts';
import { normalize, normalizeText } from './normalize.ts';

/** What differs between a recorded answer and the one of this run; values that no two runs share are masked. */
export function compareAnswers(exchange: Exchange, answer: Answer): string[] {
  const recorded = exchange.response;
  if (recorded === undefined) return [];
  const given = `${JSON.stringify(exchange.request.body ?? '')}${exchange.request.target}`;
  return [
    ...difference(
      'status line',
      statusLine(recorded.status_line),
      statusLine(`HTTP/1.1 ${answer.status} ${answer.reason}`),
    ),
    ...(isUpgrade(answer) || exchange.name === 'keepalive.idle-timeout' ? [] : compareBodies(recorded, answer, given)),
    ...compareConnection(recorded, answer, exchange),
  ];
}

const statusLine = (line: string): string => normalizeText(line);

function isUpgrade(answer: Answer): boolean {
  return answer.status === 101;
}

function compareBodies(recorded: RecordedAnswer, answer: Answer, given: string): string[] {
  const mine = parse(answer.body);
  const theirs = parse(recorded.body ?? '');
  if (mine === undefined || theirs === undefined) {
    return difference('body', normalizeText(recorded.body ?? ''), normalizeText(answer.body));
  }
  return compareValues('', normalize(theirs, given), normalize(mine, given));
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The header tells whether the server closes; a WebSocket says so too. */
function compareConnection(recorded: RecordedAnswer, answer: Answer, exchange: Exchange): string[] {
  const header = recorded.headers?.Connection?.toLowerCase();
  if (header === undefined) return [];
  if (header === 'upgrade') return difference('upgrade', true, answer.upgrade !== undefined);
  const asked = exchange.name === 'http.connection-close';
  const isRedirect = recorded.status_line.includes(' 301 ');
  return isRedirect ? [] : difference('connection', header, answer.close || asked ? 'close' : 'keep-alive');
}

function compareValues(path: string, theirs: unknown, mine: unknown): string[] {
  if (Array.isArray(theirs) && Array.isArray(mine)) return compareLists(path, theirs, mine);
  if (isObject(theirs) && isObject(mine)) {
    const keys = new Set([...Object.keys(theirs), ...Object.keys(mine)]);
    return [...keys].flatMap(key => compareValues(`${path}.${key}`, theirs[key], mine[key]));
  }
  return difference(path || 'body', theirs, mine);
}

function compareLists(path: string, theirs: unknown[], mine: unknown[]): string[] {
  const lengths = difference(`${path}.length`, theirs.length, mine.length);
  if (lengths.length > 0) return [...lengths, `    recorded ${short(theirs)}`, `    here     ${short(mine)}`];
  return theirs.flatMap((value, index) => compareValues(`${path}[${index}]`, value, mine[index]));
}

function difference(what: string, theirs: unknown, mine: unknown): string[] {
  if (JSON.stringify(theirs) === JSON.stringify(mine)) return [];
  return [`${what}: recorded ${short(theirs)}, here ${short(mine)}`];
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
