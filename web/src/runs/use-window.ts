import { type RefObject, useEffect, useState } from 'react'

/** The rows that are in the page: those in view, and some on either side. */
export interface Window {
  first: number
  /** One past the last. */
  end: number
}

const overscan = 12

/**
 * Which rows of a long list are in the page. All rows are of one height, so that nothing has to be measured; `offset`
 * is what stands above the first row within the scrolling box.
 */
export function useWindow(box: RefObject<HTMLElement | null>, count: number, rowHeight: number, offset = 0): Window {
  const [view, setView] = useState({ top: 0, height: 900 })
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight })
    const sizes = new ResizeObserver(look)
    sizes.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    look()
    return () => {
      sizes.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [box])
  const first = Math.max(0, Math.floor((view.top - offset) / rowHeight) - overscan)
  const end = Math.min(count, Math.ceil((view.top - offset + view.height) / rowHeight) + overscan)
  return { first: Math.min(first, Math.max(0, count - 1)), end }
}

/** Scrolls so that a row is in view, and does nothing when it is. */
export function scrollToRow(box: HTMLElement | null, index: number, rowHeight: number, offset = 0): void {
  if (box === null) return
  const top = index * rowHeight
  if (top < box.scrollTop) box.scrollTop = top
  else if (top + rowHeight + offset > box.scrollTop + box.clientHeight) {
    box.scrollTop = top + rowHeight + offset - box.clientHeight
  }
}
