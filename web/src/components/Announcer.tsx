import { create } from 'zustand'

const useAnnouncement = create<{ text: string; count: number }>(() => ({ text: '', count: 0 }))

/** Speaks a sentence to screen readers, for what is otherwise only seen. */
export function announce(text: string): void {
  useAnnouncement.setState(({ count }) => ({ text, count: count + 1 }))
}

/** The page's one polite live region. */
export function Announcer() {
  const { text, count } = useAnnouncement()
  return (
    <div aria-live="polite" role="status" data-testid="announcer" style={hidden}>
      {/* A new element each time, so that the same sentence is spoken twice. */}
      <span key={count}>{text}</span>
    </div>
  )
}

const hidden = { position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)' } as const
