import type { VmTemplate } from '#api/kinds.ts';
import css from './os-mark.module.css';

/** Plain drawings of what people know a system by, on a grid of 24. */
const drawings = {
  windows: {
    path: 'M4 5.500 11 4.500v7H4zM12.500 4.300 20 3.200v8.300h-7.500zM4 13h7v7l-7-1zM12.500 13H20v8.300l-7.500-1.100z',
    fill: true,
  },
  debian: {
    path: 'M13.500 11.500c-1.500.5-3-.3-2.600-1.900.5-2 4.100-2 5.100.4 1.200 3-1.500 6-4.600 5.600-4-.5-5.900-4.500-4.700-8.100C8 3.700 13.500 2.300 17 5.200',
    fill: false,
  },
  ubuntu: {
    path: 'M12 6.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11ZM12 3v.01M4.200 16.500v.01M19.800 16.500v.01',
    fill: false,
  },
  linux: { path: 'M5 7l5 5-5 5m7 0h7', fill: false },
  other: { path: 'M4 5h16v11H4zM9 20h6m-3-4v4', fill: false },
} as const;

type Drawing = keyof typeof drawings;

/** Which drawing a template goes by. Pure. */
export function drawingOf(name: string, template: VmTemplate | undefined): Drawing {
  const words = `${name} ${template?.spec.displayName ?? ''}`.toLowerCase();
  if (template?.spec.osType === 'Windows' || words.includes('windows')) return 'windows';
  if (words.includes('debian')) return 'debian';
  if (words.includes('ubuntu')) return 'ubuntu';
  return template?.spec.osType === 'Other' ? 'other' : 'linux';
}

/** What system a machine runs, at a glance. The name stands beside it, so it is no news to a screen reader. */
export function OsMark({ name, template, large }: { name: string; template: VmTemplate | undefined; large?: boolean }) {
  const drawing = drawingOf(name, template);
  const { path, fill } = drawings[drawing];
  return (
    <span className={`${css.mark} ${css[drawing]} ${large ? css.large : ''}`} aria-hidden="true">
      <svg viewBox="0 0 24 24" focusable="false" aria-hidden="true">
        <path
          d={path}
          fill={fill ? 'currentColor' : 'none'}
          stroke={fill ? 'none' : 'currentColor'}
          strokeWidth="2.2"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
    </span>
  );
}
