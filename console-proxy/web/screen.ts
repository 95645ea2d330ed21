import { drawBar } from './bar.ts';
import { Clipboard } from './clipboard.ts';
import { button, byId, menu, notify, toggle } from './dom.ts';
import { GuardedRfb } from './guarded-rfb.ts';
import { combinations, type Key } from './keys.ts';
import { Link } from './link.ts';
import { messages, sentenceFor } from './messages.ts';
import { readSession, type SessionInfo } from './session.ts';
import { typingField } from './typing.ts';

void readSession().then(start, (error: Error) => notify([sentenceFor(error.message), messages().newOne]));

function start(info: SessionInfo): void {
  let rfb: GuardedRfb | undefined;
  let isScaled = true;
  let isViewOnly = info.mode === 'ViewOnly';
  const clipboard = new Clipboard(text => rfb?.clipboardPasteFrom(text));
  const typing = typingField(keysym => rfb?.sendKey(keysym, null));
  document.body.append(typing);

  const link = new Link(info, {
    attach(socket) {
      const current = new GuardedRfb(byId('machine'), socket, { shared: true });
      rfb = current;
      current.scaleViewport = isScaled;
      current.viewOnly = isViewOnly;
      current.background = '#000';
      current.addEventListener('connect', () => {
        link.isShown();
        current.focus();
      });
      current.addEventListener('disconnect', ({ detail }) => {
        // noVNC gave up itself; where the connection was lost the socket is closed already.
        if (detail.clean || socket.readyState === WebSocket.CLOSED) return;
        rfb = undefined;
        link.fail('Unreadable', socket);
      });
      current.addEventListener('clipboard', ({ detail }) => clipboard.receive(detail.text));
    },
    detach() {
      rfb?.disconnect();
      rfb = undefined;
    },
  });

  // What noVNC did not expect of a server it throws. (A ResizeObserver that comes round again is an event without error.)
  addEventListener('error', ({ error }) => error && link.fail('Unreadable'));
  addEventListener('unhandledrejection', () => link.fail('Unreadable'));
  drawBar({ info, own: tools, leave: () => link.leave() });
  link.connect();

  function tools(): HTMLElement[] {
    const said = messages();
    const scale = toggle(said.scale, isScaled, isOn => {
      isScaled = isOn;
      if (rfb) rfb.scaleViewport = isOn;
    });
    const viewOnly = toggle(said.viewOnly, isViewOnly, isOn => {
      isViewOnly = isOn;
      if (rfb) rfb.viewOnly = isOn;
    });
    if (info.mode === 'ViewOnly') {
      viewOnly.disabled = true;
      return [scale, viewOnly];
    }
    const keys = Object.entries(combinations).map(([name, combination]) =>
      button(name, () => {
        press(combination);
        rfb?.focus();
      }),
    );
    return [
      button(said.ctrlAltDel, () => {
        rfb?.sendCtrlAltDel();
        rfb?.focus();
      }),
      menu(said.keys, ...keys),
      button(said.keyboard, () => typing.focus()),
      clipboard.menu(),
      scale,
      viewOnly,
    ];
  }

  function press(combination: Key[]): void {
    for (const [keysym, code] of combination) rfb?.sendKey(keysym, code, true);
    for (const [keysym, code] of combination.toReversed()) rfb?.sendKey(keysym, code, false);
  }
}
