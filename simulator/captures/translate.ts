import { issueCsrfToken, issueTicket } from '../auth/tickets.ts';
import type { Request } from '../http/message.ts';
import type { Simulator } from '../simulator.ts';
import { digestOf } from '../vm/config.ts';
import type { Exchange } from './exchange.ts';
import { secretOf } from './observed-node.ts';

const FIVE_HOURS_MS = 5 * 3600 * 1000;

/** What a recorded value is called in this run: UPIDs, digests, tickets, the agent's process ids. */
export class Translation {
  readonly #simulator: Simulator;
  readonly #words = new Map<string, string>();
  /** The VNC tickets that were answered, by the number of the exchange. */
  readonly #consoles = new Map<number, string>();

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  /** Learns from a recorded answer and the one of this run. */
  learn(exchange: Exchange, recorded: unknown, actual: unknown): void {
    if (typeof recorded === 'string' && typeof actual === 'string') this.#words.set(recorded, actual);
    if (!isObject(actual)) return;
    if (typeof actual.ticket === 'string') this.#consoles.set(exchange.seq, actual.ticket);
    if (!isObject(recorded)) return;
    for (const key of ['digest', 'pid']) {
      if (recorded[key] !== undefined && actual[key] !== undefined) {
        this.#words.set(`${key}=${recorded[key]}`, `${key}=${actual[key]}`);
      }
    }
  }

  /** The request of an exchange as it is sent in this run. */
  request({ seq, name, request }: Exchange): Request {
    const headers: Record<string, string> = {};
    for (const [key, value] of Object.entries(request.headers ?? {})) {
      headers[key.toLowerCase()] = this.#header(name, key.toLowerCase(), value);
    }
    if (name.startsWith('keepalive.')) Object.assign(headers, identityOnConnection(name));
    if (name === 'http.connection-close') headers.connection = 'close';
    const sent: Request = { method: request.method, target: this.#text(seq, request.target), headers };
    if (request.body) {
      sent.body = this.#text(seq, request.body);
      if (headers['content-length'] !== undefined) headers['content-length'] = String(Buffer.byteLength(sent.body));
    }
    return sent;
  }

  /** A text with all recorded words in their form of this run. */
  #text(seq: number, recorded: string): string {
    let text = recorded;
    for (const [word, mine] of this.#words) {
      text = text.replaceAll(word, mine).replaceAll(percentEncode(word), percentEncode(mine));
    }
    if (text.includes('digest=c57803177')) text = text.replace(/digest=\w+/, `digest=${this.#currentDigest(250)}`);
    if (seq === 654) text = text.replace(/pid=\d+/, `pid=${this.#simulator.state.vms[400]?.guest.lastPid}`);
    return this.#secrets(seq, text);
  }

  #secrets(seq: number, text: string): string {
    const console = (number: number) => encodeURIComponent(this.#consoles.get(number) ?? '');
    return text
      .replace('<vncticket-term>', console(665))
      .replace('<vncticket2>', console(351))
      .replace('<vncticket>', console(349))
      .replace(/Z_%3BP%3B.*?<sig:\d+>/, console(353))
      .replace(/PVE%3A(\w+)%40(\w+)%3A\w+%3A%3A<sig:\d+>/, (_, user: string, realm: string) =>
        encodeURIComponent(this.#ticket(`${user}@${realm}`, seq)),
      );
  }

  #header(name: string, key: string, value: string): string {
    const withSecret = value.replace(/<secret:([\w-]+)>/, (_, who: string) => secretOf(who));
    if (key === 'csrfpreventiontoken') return this.#csrf(name, withSecret);
    const masked = /(?:<ticket:(\S+?)>|PVE(?:%3A|:)(\w+)(?:%40|@)(\w+)(?:%3A|:)\w+(?:%3A%3A|::)<sig:\d+>)/;
    return withSecret.replace(masked, (_, known?: string, user?: string, realm?: string) => {
      const ticket = this.#ticket(known ?? `${user}@${realm}`, 0, name);
      return name === 'cookie.raw-unencoded' ? ticket : encodeURIComponent(ticket);
    });
  }

  #ticket(user: string, _seq: number, name = ''): string {
    const { world, clock } = this.#simulator;
    const ticket = issueTicket(world, user, name === 'cookie.expired-ticket' ? clock.now() - FIVE_HOURS_MS : undefined);
    return name === 'cookie.tampered-signature' ? `${ticket.slice(0, -4)}AAA=` : ticket;
  }

  #csrf(name: string, value: string): string {
    if (name === 'csrf.wrong') return value;
    if (name === 'csrf.other-users-token') return issueCsrfToken(this.#simulator.world, 'operator@pve');
    const user = /<csrf:(\S+?)>/.exec(value)?.[1] ?? 'root@pam';
    return issueCsrfToken(this.#simulator.world, user);
  }

  #currentDigest(vmid: number): string {
    const vm = this.#simulator.state.vms[vmid];
    return vm === undefined ? '' : digestOf(vm.config);
  }
}

/** As the recording client did it. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replaceAll('!', '%21');
}

/** The requests on one connection were recorded without the headers that said who asks. */
function identityOnConnection(name: string): Record<string, string> {
  if (name === 'keepalive.after-401') return {};
  const who = name === 'keepalive.after-403' ? 'nobody@pve' : 'root@pam';
  return { authorization: `PVEAPIToken=${who}!ci=${secretOf(who.split('@')[0] ?? '')}` };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
