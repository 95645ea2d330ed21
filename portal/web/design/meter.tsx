import css from './meter.module.css';

interface MeterBarProps {
  label: string;
  /** The figures in words. */
  text: string;
  used: number;
  /** What would be added, shown apart. */
  planned?: number;
  hard: number;
}

/** From here on a meter is worth a look. */
const nearlyFull = 0.85;

/** A bar that fills up: used, what would be added, and what is left. */
export function MeterBar({ label, text, used, planned = 0, hard }: MeterBarProps) {
  const share = hard > 0 ? Math.min(1, used / hard) : 1;
  const more = hard > 0 ? Math.min(1 - share, planned / hard) : 0;
  const over = used + planned > hard;
  const level = over ? css.over : share + more >= nearlyFull ? css.near : css.fine;
  return (
    <>
      <meter className="spoken" aria-label={label} value={Math.min(used, hard)} min={0} max={hard}>
        {text}
      </meter>
      <div className={`${css.bar} ${level}`} aria-hidden="true">
        <div className={css.used} style={{ width: `${share * 100}%` }} />
        <div className={css.planned} style={{ width: `${over ? (1 - share) * 100 : more * 100}%` }} />
      </div>
    </>
  );
}
