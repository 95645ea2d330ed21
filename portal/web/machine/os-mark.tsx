import type { VmTemplate } from '#api/kinds.ts';
import css from './os-mark.module.css';

/** Plain drawings of what people know a system by, on a grid of 24. */
const drawings = {
  windows: {
    path: 'M4 5.5 11 4.500v7H4zM12.5 4.3 20 3.200v8.300h-7.500zM4 13h7v7l-7-1zM12.5 13H20v8.300l-7.5-1.100z',
    fill: true,
  },
  debian: {
    path: 'M13.5 11.500c-1.5.5-3-.3-2.6-1.9.5-2 4.1-2 5.1.4 1.2 3-1.5 6-4.6 5.6-4-.5-5.9-4.5-4.7-8.100C8 3.7 13.5 2.3 17 5.2',
    fill: false,
  },
  ubuntu: {
    path: 'M12 6.500a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM12 3v.01M4.2 16.500v.01M19.8 16.500v.01',
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
