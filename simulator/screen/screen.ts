import { CELL_HEIGHT, CELL_WIDTH } from './font.ts';
import { formatUptime, type Guest } from './guest.ts';
import { isModifier, typedText } from './keysym.ts';
import { Scrollback } from './scrollback.ts';
import { createShell } from './shell.ts';

/** Columns and rows. While the firmware is at work 720×400 pixels, as on a PC; then the system takes a larger mode. */
const FIRMWARE = { columns: 60, rows: 25 };
const SYSTEM = { columns: 80, rows: 30 };
const FIRMWARE_SECONDS = 3;

/** The rows above and below the shell. */
const HEADER_ROWS = 2;
const FOOTER_ROWS = 2;

const TICK_MS = 1000;

/** What the screen needs of a clock; `background` answers how to take the timer back. */
export interface ScreenClock {
  now(): number;
  background(time: number, action: () => void): () => void;
}

/** What is to be seen: rows of exactly `columns` characters. The first row is the title's. */
export interface Picture {
  columns: number;
  rows: readonly string[];
}

/** The display of one running virtual machine, which any number of viewers may watch and type on. */
export interface Screen {
  guest: Guest;
  picture(): Picture;
  /** A key went down or up; the code is an X11 keysym. */
  key(keysym: number, isDown: boolean): void;
  /** In pixels; bit 0 of `buttons` is the left one. */
  pointer(x: number, y: number, buttons: number): void;
  /** Calls `changed` whenever the picture may have changed, until the answer is called. */
  watch(changed: () => void): () => void;
}

/** Makes a display. Nothing runs while nobody watches. */
export function createScreen({ clock, ...guest }: Guest & { clock: ScreenClock }): Screen {
  const shell = createShell(guest);
  const scrollback = new Scrollback(SYSTEM.columns, SYSTEM.rows - HEADER_ROWS - FOOTER_ROWS);
  const held = new Set<number>();
  const watchers = new Set<() => void>();
  let mouse = '';
  let stopTicking: (() => void) | undefined;
  scrollback.write(shell.prompt());

  return { guest, picture, key, pointer, watch };

  function picture(): Picture {
    const isFirmware = guest.uptimeSeconds() < FIRMWARE_SECONDS;
    const { columns, rows } = isFirmware ? FIRMWARE : SYSTEM;
    const title = ` ${guest.name()}   VM ${guest.vmid}   ${guest.state()}   up ${formatUptime(guest.uptimeSeconds())}`;
    const body = isFirmware ? ['Simulated firmware', '', 'Booting from Hard Disk...'] : scrollback.lines();
    const text = [title, '', ...body];
    const filled = Array.from({ length: rows - 1 }, (_, row) => text[row] ?? '');
    return { columns, rows: [...filled, mouse].map(row => row.slice(0, columns).padEnd(columns)) };
  }

  function key(keysym: number, isDown: boolean): void {
    if (isDown) held.add(keysym);
    else held.delete(keysym);
    // A paused machine's input waits; here it is lost.
    if (!isDown || isModifier(keysym) || guest.state() !== 'running') return;
    scrollback.write(shell.type(typedText(keysym, held)));
    tell();
  }

  function pointer(x: number, y: number, buttons: number): void {
    mouse = ` mouse ${Math.floor(x / CELL_WIDTH)},${Math.floor(y / CELL_HEIGHT)} ${buttons === 0 ? '' : `buttons ${buttons}`}`;
    tell();
  }

  function watch(changed: () => void): () => void {
    watchers.add(changed);
    stopTicking ??= tick();
    return () => {
      watchers.delete(changed);
      if (watchers.size > 0) return;
      stopTicking?.();
      stopTicking = undefined;
    };
  }

  /** The uptime changes by itself. */
  function tick(): () => void {
    return clock.background(clock.now() + TICK_MS, () => {
      stopTicking = tick();
      tell();
    });
  }

  function tell(): void {
    for (const changed of [...watchers]) changed();
  }
}
