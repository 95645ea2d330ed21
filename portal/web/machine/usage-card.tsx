import '@mantine/core/styles/FloatingIndicator.css';
import '@mantine/core/styles/SegmentedControl.css';
import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { VirtualMachine } from '#api/kinds.ts';
import type { MachineMetrics, MetricRange } from '#portal/api.ts';
import { useMetrics } from '../data/queries.ts';
import { Card } from '../design/card.tsx';
import { Chart } from '../design/chart.tsx';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import type { State } from './state.ts';
import css from './usage-card.module.css';

type Point = MachineMetrics['points'][number];

const ranges = ['hour', 'day', 'week'] as const satisfies MetricRange[];

interface UsageCardProps {
  machine: VirtualMachine;
  state: State;
  may: boolean;
}

/** How busy the machine is: now in figures, and over an hour, a day or a week as small charts. */
export function UsageCard({ machine, state, may }: UsageCardProps) {
  const texts = useText();
  const { t, percent, rate, size, span } = texts;
  const { name, namespace = '' } = machine.metadata;
  const [range, setRange] = useState<(typeof ranges)[number]>('hour');
  const off =
    state === 'Stopped' || state === 'Creating' || state === 'Waiting' || state === 'Failed' || state === 'Missing';
  const now = useMetrics(namespace, name, 'now', may && !off);
  const past = useMetrics(namespace, name, range, may && machine.status?.createdAt !== undefined);
  const latest = off ? undefined : now.data?.points.at(-1);
  const points = sinceFirstFigure(past.data?.points ?? []);
  const memoryMax = now.data?.memoryMaxBytes ?? past.data?.memoryMaxBytes;
  const bytes = (value: number) => size(value / 1024 / 1024);
  const uptime = off ? undefined : now.data?.uptimeSeconds;
  const charts: {
    key: string;
    title: string;
    of: (point: Point) => number | undefined;
    text: (value: number) => string;
    max?: number | undefined;
  }[] = [
    { key: 'cpu', title: t('usage.cpu'), of: ({ cpu }) => cpu, text: percent, max: 1 },
    { key: 'memory', title: t('usage.memory'), of: ({ memoryBytes }) => memoryBytes, text: bytes, max: memoryMax },
    { key: 'network', title: t('usage.network'), of: sum('netInBytesPerSecond', 'netOutBytesPerSecond'), text: rate },
    { key: 'disk', title: t('usage.disk'), of: sum('diskReadBytesPerSecond', 'diskWriteBytesPerSecond'), text: rate },
  ];
  const aside = (
    <SegmentedControl
      size="xs"
      aria-label={t('usage.range')}
      value={range}
      onChange={value => setRange(value as typeof range)}
      data={ranges.map(value => ({ value, label: t(`range.${value}`) }))}
    />
  );
  if (!may) return null;
  return (
    <Card title={t('usage.title')} aside={aside}>
      {uptime !== undefined && <p className="quiet small">{t('usage.uptime', { time: span(uptime) })}</p>}
      {off && <p className="quiet small">{t('usage.off')}</p>}
      {past.error && (
        <p className="quiet small" role="status">
          {problemOf(past.error, texts).text}
        </p>
      )}
      <div className={css.charts}>
        {charts.map(({ key, title, of, text, max }) => {
          const value = latest && of(latest);
          return (
            <div key={key}>
              <p className={css.figure}>
                <span className="quiet">{title}</span>
                <strong>{value === undefined ? '—' : text(value)}</strong>
              </p>
              <Chart
                label={title}
                points={points.map(point => ({ time: point.time, value: of(point) }))}
                max={max}
                text={text}
                range={range}
              />
            </div>
          );
        })}
      </div>
    </Card>
  );
}

/** The points from the first that has a figure: a machine that is younger than the range fills its charts, too. Pure. */
function sinceFirstFigure(points: readonly Point[]): readonly Point[] {
  const first = points.findIndex(({ cpu, memoryBytes }) => cpu !== undefined || memoryBytes !== undefined);
  return first < 0 ? [] : points.slice(first);
}

type Rate = 'netInBytesPerSecond' | 'netOutBytesPerSecond' | 'diskReadBytesPerSecond' | 'diskWriteBytesPerSecond';

/** Both directions together; unknown only where both are. */
const sum = (a: Rate, b: Rate) => (point: Point) =>
  point[a] === undefined && point[b] === undefined ? undefined : (point[a] ?? 0) + (point[b] ?? 0);
