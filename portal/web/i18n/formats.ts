import type { Language } from '#portal/api.ts';

const units: Record<Language, readonly [string, string, string]> = {
  en: ['MiB', 'GiB', 'TiB'],
  fr: ['Mio', 'Gio', 'Tio'],
};

/** Numbers, sizes and times as a language writes them. */
export function formatsOf(language: Language) {
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'long' });
  const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
  const day = new Intl.DateTimeFormat(language, { weekday: 'short', hour: '2-digit', minute: '2-digit' });

  /** A size in MiB, in the largest unit that makes it 1 or more. */
  function size(mebibytes: number): string {
    const [mib, gib, tib] = units[language];
    // A space that does not break keeps the number and its unit together.
    if (mebibytes >= 1024 * 1024) return `${number.format(mebibytes / 1024 / 1024)}\u00a0${tib}`;
    return mebibytes >= 1024
      ? `${number.format(mebibytes / 1024)}\u00a0${gib}`
      : `${number.format(mebibytes)}\u00a0${mib}`;
  }

  /** A rate in bytes a second, in decimal units as networks count. */
  function rate(bytes: number): string {
    const byte = language === 'fr' ? 'o' : 'B';
    const steps = ['', 'k', 'M', 'G'];
    let at = 0;
    let left = bytes;
    while (left >= 1000 && at < steps.length - 1) {
      left /= 1000;
      at += 1;
    }
    return `${number.format(left)}\u00a0${steps[at]}${byte}/s`;
  }

  /** A span of time in its two largest units: "3 d 4 h". */
  function span(seconds: number): string {
    const days = Math.floor(seconds / 86_400);
    const hours = Math.floor((seconds % 86_400) / 3_600);
    const minutes = Math.floor((seconds % 3_600) / 60);
    const d = language === 'fr' ? 'j' : 'd';
    if (days > 0) return `${days}\u00a0${d} ${hours}\u00a0h`;
    if (hours > 0) return `${hours}\u00a0h ${minutes}\u00a0min`;
    return minutes > 0 ? `${minutes}\u00a0min` : `${Math.floor(seconds)}\u00a0s`;
  }

  /** How long ago something was: "3 minutes ago". */
  function ago(time: string, now: number): string {
    const seconds = Math.round((Date.parse(time) - now) / 1000);
    if (seconds > -60) return relative.format(0, 'second');
    if (seconds > -3_600) return relative.format(Math.round(seconds / 60), 'minute');
    if (seconds > -86_400) return relative.format(Math.round(seconds / 3_600), 'hour');
    return relative.format(Math.round(seconds / 86_400), 'day');
  }

  return {
    number: (value: number) => number.format(value),
    percent: (share: number) => percent.format(share),
    size,
    rate,
    span,
    ago,
    moment: (time: string) => moment.format(new Date(time)),
    clock: (time: string) => clock.format(new Date(time)),
    day: (time: string) => day.format(new Date(time)),
  };
}
