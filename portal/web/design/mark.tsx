/** Berth's mark: a boat that lies still. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0b5563" />
      <path d="M17.2 5.5c4.2 2.7 6.6 6.6 7.3 12h-7.3z" fill="#fff" />
      <path d="M14.8 8.5v9H8.6c1-3.7 3-6.7 6.2-9z" fill="#ffb454" />
      <path d="M6.2 20h19.6l-2.3 4.6a2.5 2.5 0 0 1-2.2 1.4H10.7a2.5 2.5 0 0 1-2.2-1.4z" fill="#fff" />
    </svg>
  );
}
