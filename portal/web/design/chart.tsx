import { type PointerEvent, useMemo, useState } from 'react';
import { useText } from '../i18n/use-text.ts';
import css from './chart.module.css';
import { type ChartPoint, grid, shapeOf } from './chart-shape.ts';

interface ChartProps {
  label: string;
  points: readonly ChartPoint[];
  /** The value at the upper edge; without it the largest value is near it. */
  max?: number | undefined;
  text: (value: number) => string;
  range: 'hour' | 'day' | 'week';
}

/** A small chart over time; what it shows is told in words, too. */
export function Chart({ label, points, max, text, range }: ChartProps) {
  const { t, clock, day } = useText();
  const { line, area, top } = useMemo(() => shapeOf(points, max), [points, max]);
  const [at, setAt] = useState<number>();
  const values = points.flatMap(({ value }) => (value === undefined ? [] : [value]));
  if (values.length < 2) return <p className={css.empty}>{t('chart.empty')}</p>;
  const most = Math.max(...values);
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  const time = range === 'hour' ? clock : day;
  const move = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setAt(Math.round(((event.clientX - box.left) / box.width) * (points.length - 1)));
  };
  const point = at === undefined ? undefined : points[at];
  const x = at === undefined ? 0 : (at / (points.length - 1)) * grid.width;
  return (
    <div className={css.chart}>
      <svg
        viewBox={`0 0 ${grid.width} ${grid.height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t('chart.words', { label, average: text(average), most: text(most) })}
        onPointerMove={move}
        onPointerLeave={() => setAt(undefined)}
      >
        <path d={`M0 ${grid.height / 2}H${grid.width}`} className={css.rule} />
        <path d={area} className={css.area} />
        <path d={line} className={css.line} />
        {point && <path d={`M${x} 0V${grid.height}`} className={css.cursor} />}
      </svg>
      <span className={css.top}>{text(top)}</span>
      <p className={css.foot}>
        <span>{time(points[0]?.time ?? '')}</span>
        {point?.value !== undefined && (
          <strong>
            {time(point.time)} · {text(point.value)}
          </strong>
        )}
        <span>{time(points.at(-1)?.time ?? '')}</span>
      </p>
    </div>
  );
}
