/** The outlines of all icons, on a grid of 24. */
const outlines = {
  alert: 'M12 4 2.8 20h18.4L12 4Zm0 6v4m0 3v.01',
  back: 'M15 5l-7 7 7 7',
  book: 'M4 5.5A2.5 2.5 0 0 1 6.5 3H20v15H6.5A2.5 2.5 0 0 0 4 20.5v-15ZM4 20.5A2.5 2.5 0 0 0 6.5 21H20',
  check: 'M5 12.5 10 17.5 19.5 7',
  chip: 'M7 7h10v10H7zM10 3v4m4-4v4m-4 10v4m4-4v4M3 10h4m-4 4h4m10-4h4m-4 4h4',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 4.5V12l3 2',
  code: 'M8 7l-5 5 5 5m8-10 5 5-5 5M13.5 5l-3 14',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  disc: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 6.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z',
  disk: 'M4 7c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3Zm0 0v10c0 1.7 3.6 3 8 3s8-1.3 8-3V7M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  down: 'M5 9l7 7 7-7',
  download: 'M12 4v11m-5-4.5 5 5 5-5M5 20h14',
  edit: 'M4 20h4L19.5 8.5a2.1 2.1 0 0 0-3-3L5 17l-1 3Z',
  key: 'M14.5 9.5a4.5 4.5 0 1 1-1.3-3.2 4.5 4.5 0 0 1 1.3 3.2Zm-.6 2.2L21 18.8V21h-3v-2h-2v-2l-2.6-2.6',
  machine: 'M4 5h16v5H4zM4 14h16v5H4zM7.5 7.5v.01M7.5 16.5v.01',
  memory: 'M3 8h18v8H3zM7 8v8m5-8v8m5-8v8M6 16v3m4-3v3m4-3v3m4-3v3',
  moon: 'M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5Z',
  more: 'M5.5 12v.01M12 12v.01M18.5 12v.01',
  network: 'M12 3v6m0 0H5v4m7-4h7v4M3 13h4v6H3zm14 0h4v6h-4zm-7 0h4v6h-4z',
  pause: 'M8 5v14M16 5v14',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4 21c.8-4 4-6 8-6s7.2 2 8 6',
  play: 'M7 4.5v15l12.5-7.5L7 4.5Z',
  plus: 'M12 5v14M5 12h14',
  power: 'M12 3v9M6.5 6.5a8 8 0 1 0 11 0',
  resize: 'M14 4h6v6M20 4l-7 7M10 20H4v-6m0 6 7-7',
  restart: 'M19.5 9A8 8 0 1 0 20 13.5M20 4v5h-5',
  screen: 'M3 5h18v11H3zM9 20h6m-3-4v4',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm5 12 4.5 4.5',
  stop: 'M6 6h12v12H6z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm0-5v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4',
  tag: 'M4 4h8l8.5 8.5-8 8L4 12V4Zm4 4v.01',
  trash: 'M4 7h16M9 7V4h6v3m3 0-1 14H7L6 7m4 4v6m4-6v6',
} as const;

export type IconName = keyof typeof outlines;

/** A small drawing beside a word; it says nothing by itself. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={outlines[name]} />
    </svg>
  );
}
