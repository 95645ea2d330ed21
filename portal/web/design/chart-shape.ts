/** One value of a series; an absent one is a gap. */
export interface ChartPoint {
  time: string;
  value: number | undefined;
}

/** The drawing of a series on a grid. */
export interface ChartShape {
  line: string;
  area: string;
  /** The value at the upper edge. */
  top: number;
}

/** The grid that {@link shapeOf} draws on; the picture is stretched to its place. */
export const grid = { width: 300, height: 64 } as const;

/** Draws a series as a line and the area below it; gaps in the data are gaps in the line. Pure. */
export function shapeOf(points: readonly ChartPoint[], max?: number): ChartShape {
  const values = points.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const top = max && max > 0 ? max : Math.max(...values, 0) * 1.15 || 1;
  const first = Date.parse(points[0]?.time ?? '');
  const whole = Date.parse(points.at(-1)?.time ?? '') - first || 1;
  let line = '';
  let area = '';
  let open: { x: number } | undefined;
  let last = 0;
  for (const { time, value } of points) {
    const x = round(((Date.parse(time) - first) / whole) * grid.width);
    if (value === undefined) {
      if (open) area += `L${last} ${grid.height}L${open.x} ${grid.height}Z`;
      open = undefined;
      continue;
    }
    const y = round(grid.height - (Math.min(value, top) / top) * grid.height);
    line += `${open ? 'L' : 'M'}${x} ${y}`;
    area += `${open ? 'L' : 'M'}${x} ${y}`;
    open ??= { x };
    last = x;
  }
  if (open) area += `L${last} ${grid.height}L${open.x} ${grid.height}Z`;
  return { line, area, top };
}

const round = (value: number) => Math.round(value * 10) / 10;
