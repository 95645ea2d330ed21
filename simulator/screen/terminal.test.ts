import { describe, expect, it } from 'vitest';
import { TerminalSession } from './terminal.ts';

const guest = { vmid: 260, name: () => 'v260', state: () => 'running', uptimeSeconds: () => 90_061 };

function connect(right = 'operator@pve!ci:PVEVNC:6B023FF6::sig') {
  let shown = '';
  let ended = 0;
  const session = new TerminalSession({
    guest,
    login: right,
    send: bytes => {
      shown += bytes.toString();
    },
    end: () => ended++,
  });
  const say = (text: string) => session.receive(Buffer.from(text));
  const type = (text: string) => say(`0:${Buffer.byteLength(text)}:${text}`);
  return { session, say, type, shown: () => shown, ended: () => ended };
}

function login() {
  const terminal = connect();
  terminal.say('operator@pve!ci:PVEVNC:6B023FF6::sig\n');
  return terminal;
}

describe('a serial console', () => {
  it('answers OK to the right ticket, and then shows a prompt', () => {
    expect(login().shown()).toBe('OKstarting serial terminal on interface serial0\r\nroot@v260:~# ');
  });

  it.each(['operator@pve!ci:PVEVNC:other\n', 'nobody@pve:PVEVNC:6B023FF6::sig\n', 'nonsense\n', 'x'.repeat(9000)])(
    'ends without a word for %j',
    line => {
      const { say, shown, ended } = connect();
      say(line);
      expect([shown(), ended()]).toEqual(['', 1]);
    },
  );

  it('ends for every line where none is right', () => {
    const { say, shown, ended } = connect('');
    say('\n');
    expect([shown(), ended()]).toEqual(['', 1]);
  });

  it('F86: echoes what is typed and runs it', () => {
    const { type, shown } = login();
    type('echo hi\r');
    expect(shown()).toMatch(/# echo hi\r\nhi\r\nroot@v260:~# $/);
    type('uptime\r');
    expect(shown()).toMatch(/up 1 day, 01:01:01\r\nroot@v260:~# $/);
    type('help\r');
    expect(shown()).toMatch(/commands: echo help hostname uptime\r\n/);
  });

  it('lets a line be corrected and given up', () => {
    const { type, shown } = login();
    type('hostx\x7fname\r');
    expect(shown()).toMatch(/hostx[\b] [\b]name\r\nv260\r\n/);
    type('half\x03');
    expect(shown()).toMatch(/half\^C\r\nroot@v260:~# $/);
  });

  it('passes over arrow keys', () => {
    const { type, shown } = login();
    type('host\x1b[A\x1bOBname\r');
    expect(shown()).toMatch(/hostname\r\nv260\r\n/);
  });

  it('counts bytes, not characters', () => {
    const { type, shown } = login();
    type('echo ä→\r');
    expect(shown()).toMatch(/\r\nä→\r\n/);
  });

  it('keeps the size that it is told, and passes over pings and nonsense', () => {
    const { session, say, type, shown } = login();
    say('1:132:43:2');
    say('22x?');
    type('hostname\r');
    expect(session.size).toEqual({ columns: 132, rows: 43 });
    expect(shown()).toMatch(/v260\r\n/);
  });

  it('reads messages that arrive byte by byte', () => {
    const { session, shown } = connect();
    const all = 'operator@pve!ci:PVEVNC:6B023FF6::sig\n1:80:24:0:10:hostname\r\r2';
    for (const byte of Buffer.from(all)) session.receive(Buffer.from([byte]));
    expect(shown()).toMatch(/# hostname\r\nv260\r\n/);
  });
});
