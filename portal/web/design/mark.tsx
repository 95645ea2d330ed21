/** Berth's mark: a boat in its berth. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0b5563" />
      <path d="M8 7v10a8 8 0 0 0 16 0V7" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
      <path d="M12.5 15h7l-1.2 4.2a2 2 0 0 1-1.9 1.4h-.8a2 2 0 0 1-1.9-1.4z" fill="#ffb454" />
      <path d="M16 7v6" stroke="#ffb454" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
