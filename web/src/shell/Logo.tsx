/** The hook on its line. */
export function Logo({ size = 30 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0b6e69" />
      <path
        d="M20.5 6.5v12.2a5.7 5.7 0 1 1-11.4 0v-2.4l3.4 3"
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="20.5" cy="6.8" r="2.3" fill="#ffb86b" />
    </svg>
  )
}
