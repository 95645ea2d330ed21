import { formatUptime, type Guest } from './guest.ts';

/** A line can be this long; what is typed beyond it is lost, as on a real terminal. */
const MAX_LINE = 4096;

/** What the arrow keys and the like send; the shell has no use for them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape character is what these begin with.
const ESCAPE_SEQUENCE = /\x1b(?:\[[0-9;?]*[@-~]|O.|.)?/g;

const COMMANDS: Record<string, (guest: Guest, words: string[]) => string> = {
  echo: (_, words) => words.join(' '),
  help: () => `commands: ${Object.keys(COMMANDS).sort().join(' ')}`,
  hostname: guest => guest.name(),
  uptime: guest => `up ${formatUptime(guest.uptimeSeconds())}`,
};

/** A shell for people to see that a console is alive: it echoes what is typed and knows four commands. */
export interface Shell {
  /** What a terminal shows before anything is typed. */
  prompt(): string;
  /** Takes typed characters and answers what the terminal is to show, echo included. */
  type(text: string): string;
}

/** A shell inside the guest; each has a line of its own. */
export function createShell(guest: Guest): Shell {
  let line = '';
  const prompt = () => `root@${guest.name()}:~# `;
  return { prompt, type: text => [...text.replace(ESCAPE_SEQUENCE, '')].map(typeOne).join('') };

  function typeOne(character: string): string {
    if (character === '\r' || character === '\n') {
      const output = run(guest, line);
      line = '';
      return `\r\n${output === '' ? '' : `${output}\r\n`}${prompt()}`;
    }
    if (character === '\b' || character === '\x7f') {
      if (line === '') return '';
      line = line.slice(0, -1);
      return '\b \b';
    }
    if (character === '\x03') {
      line = '';
      return `^C\r\n${prompt()}`;
    }
    if (character < ' ' || line.length >= MAX_LINE) return '';
    line += character;
    return character;
  }
}

function run(guest: Guest, line: string): string {
  const [name = '', ...words] = line.trim().split(/\s+/);
  if (name === '') return '';
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return command ? command(guest, words) : `sh: ${name}: not found`;
}
