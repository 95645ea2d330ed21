/** What a console shows of a virtual machine. It is asked anew each time, so that it is always the present. */
export interface Guest {
  vmid: number;
  name(): string;
  /** QEMU's word: running, paused, …; `stopped` once QEMU is gone. */
  state(): string;
  /** Whole seconds since QEMU started. */
  uptimeSeconds(): number;
}

/** `1 day, 02:03:04` or `02:03:04`. */
export function formatUptime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const parts = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const clock = parts.map(part => String(part).padStart(2, '0')).join(':');
  return days === 0 ? clock : `${days} day${days === 1 ? '' : 's'}, ${clock}`;
}
