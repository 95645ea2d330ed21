import { button, byId, menu } from './dom.ts';
import { currentLanguage, messages, switchLanguage } from './messages.ts';
import { powerButtons } from './power.ts';
import type { SessionInfo } from './session.ts';

/** What every console's bar has, besides its own. */
export interface BarOptions {
  info: SessionInfo;
  /** Makes the elements of this kind of console, in the current language. */
  own: () => HTMLElement[];
  leave: () => void;
}

/** Draws the bar; again in the other language when that is chosen. */
export function drawBar(options: BarOptions): void {
  const { info, own, leave } = options;
  const said = messages();
  const what = info.type === 'Serial' ? said.serialOf : said.screenOf;
  document.documentElement.lang = currentLanguage();
  document.title = `${info.vm} – Berth`;
  const heading = document.createElement('h1');
  const where = document.createElement('small');
  where.textContent = info.namespace;
  heading.append(`${what} ${info.vm}`, where);
  const power = powerButtons(info.portals);
  const language = button(said.language, () => {
    switchLanguage();
    drawBar(options);
  });
  language.lang = currentLanguage() === 'fr' ? 'en' : 'fr';
  const bar = byId('bar');
  bar.setAttribute('role', 'toolbar');
  bar.setAttribute('aria-label', what);
  bar.replaceChildren(
    heading,
    ...own(),
    ...(power.length > 0 ? [menu(said.power, ...power)] : []),
    button(said.fullScreen, toggleFullScreen),
    language,
    button(said.disconnect, leave),
  );
}

function toggleFullScreen(): void {
  const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  // Where a browser does not allow it nothing happens.
  done.catch(() => {});
}
