import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { drawBar } from './bar.ts';
import { button, byId, notify } from './dom.ts';
import { Link } from './link.ts';
import { messages, sentenceFor } from './messages.ts';
import { readSession, type SessionInfo } from './session.ts';

/** The most that goes in one message; a longer paste takes several. */
const mostBytes = 16 * 1024;

const encoder = new TextEncoder();

void readSession().then(start, (error: Error) => notify([sentenceFor(error.message), messages().newOne]));

function start(info: SessionInfo): void {
  const isViewOnly = info.mode === 'ViewOnly';
  const place = byId('machine');
  place.className = 'terminal';
  const terminal = new Terminal({ cursorBlink: true, fontSize: 15, scrollback: 5_000, disableStdin: isViewOnly });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  let socket: WebSocket | undefined;

  const tellSize = () => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(encoder.encode(`1:${terminal.cols}:${terminal.rows}:`));
  };
  const type = (text: string) => {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length; at += mostBytes) {
      const part = bytes.subarray(at, at + mostBytes);
      const head = encoder.encode(`0:${part.length}:`);
      const message = new Uint8Array(head.length + part.length);
      message.set(head);
      message.set(part, head.length);
      if (socket?.readyState === WebSocket.OPEN) socket.send(message);
    }
  };
  terminal.onData(type);
  terminal.onResize(tellSize);
  new ResizeObserver(() => fit.fit()).observe(place);

  const link = new Link(info, {
    attach(next) {
      socket = next;
      let isShown = false;
      next.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
        terminal.write(new Uint8Array(data));
        if (isShown) return;
        isShown = true;
        link.isShown();
        fit.fit();
        tellSize();
        terminal.focus();
      });
    },
    detach() {
      socket = undefined;
    },
  });

  drawBar({
    info,
    own: () => (isViewOnly ? [] : ['Ctrl-C', 'Ctrl-D', 'Esc', 'Tab'].map(name => button(name, () => press(name)))),
    leave: () => link.leave(),
  });
  link.connect();

  function press(name: string): void {
    type({ 'Ctrl-C': '\u0003', 'Ctrl-D': '\u0004', Esc: '\u001b', Tab: '\t' }[name] ?? '');
    terminal.focus();
  }
}
