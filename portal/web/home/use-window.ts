import { type RefObject, useEffect, useRef, useState } from 'react';

/** Heights that the style sheet gives a row, in pixels: machine-table.module.css has the same. */
const rowHeights = { wide: 60, narrow: 92 } as const;

/** The width from which rows are lines of a table; the style sheet has the same. */
const wideQuery = '(min-width: 56.0625rem)';

/** Rows beyond the edges that are made, too, so that scrolling does not outrun them. */
const spareRows = 8;

/** Up to here all rows are made, and the browser's own search finds each. */
const allUpTo = 60;

interface Visible {
  ref: RefObject<HTMLTableSectionElement | null>;
  first: number;
  /** The one after the last. */
  last: number;
  rowHeight: number;
}

/** Which rows of a long list can be seen, from where the page is scrolled to. */
export function useWindow(count: number): Visible {
  const ref = useRef<HTMLTableSectionElement>(null);
  const [rowHeight, setRowHeight] = useState<number>(heightNow);
  const [range, setRange] = useState({ first: 0, last: Math.min(count, allUpTo) });
  useEffect(() => {
    const measure = () => {
      const height = heightNow();
      setRowHeight(height);
      const top = ref.current?.getBoundingClientRect().top ?? 0;
      // In steps, so that most scrolling changes nothing.
      const first = Math.max(0, Math.floor(-top / height / spareRows) * spareRows - spareRows);
      const last = first + Math.ceil(window.innerHeight / height) + 3 * spareRows;
      setRange(before => (before.first === first && before.last === last ? before : { first, last }));
    };
    measure();
    window.addEventListener('scroll', measure, { passive: true });
    window.addEventListener('resize', measure);
    return () => {
      window.removeEventListener('scroll', measure);
      window.removeEventListener('resize', measure);
    };
  }, []);
  if (count <= allUpTo) return { ref, first: 0, last: count, rowHeight };
  const last = Math.min(count, range.last);
  return { ref, first: Math.min(range.first, Math.max(0, last - 1)), last, rowHeight };
}

const heightNow = () => (window.matchMedia(wideQuery).matches ? rowHeights.wide : rowHeights.narrow);
