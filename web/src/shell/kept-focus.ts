import { useEffect, useRef } from 'react'

/** Where the keyboard was. */
interface Place {
  element: HTMLElement
  /** The dialog or menu that it is in, or else the part of the page. */
  around: Element | null
  /** Where the keyboard was before the dialog or menu was opened. */
  beneath: Place | undefined
}

export function focusMain(): void {
  document.getElementById('main')?.focus({ preventScroll: true })
}

/**
 * Keeps the keyboard's place where the browser would lose it to the body: a button that is disabled while it works has
 * the focus again afterwards; what opened a dialog has it when that is gone, whichever way it went; and where the opener
 * is gone, too, or the page, it is the page's content. What vanishes from within a page is left to the browser, which
 * goes on with the next Tab from there.
 */
export function useKeptFocus(): void {
  const last = useRef<Place | undefined>(undefined)
  useEffect(() => {
    const note = ({ target }: FocusEvent) => {
      if (target instanceof HTMLElement) last.current = placeOf(target, last.current)
    }
    const changes = new MutationObserver((records) => {
      const place = last.current
      if (place === undefined || !isLost()) return
      if (!place.element.isConnected) goBack(place)
      // It was disabled, and is not any more; whoever left it otherwise did so on purpose.
      else if (records.some(({ type, target }) => type === 'attributes' && target === place.element))
        focus(place.element)
    })
    document.addEventListener('focusin', note)
    changes.observe(document.body, { subtree: true, childList: true, attributeFilter: ['disabled'] })
    return () => {
      document.removeEventListener('focusin', note)
      changes.disconnect()
    }
  }, [])
}

function isLost(): boolean {
  return document.activeElement === document.body
}

function placeOf(element: HTMLElement, before: Place | undefined): Place {
  const around = element.closest('[role="dialog"], [role="menu"]')
  if (around === null) return { element, around: element.closest('#main > *'), beneath: undefined }
  for (let place = before; place !== undefined; place = place.beneath) {
    if (place.around === around) return { element, around, beneath: place.beneath }
  }
  return { element, around, beneath: before }
}

function goBack(place: Place): void {
  // Its neighbours are still there, and the browser knows where it was.
  if (place.around?.isConnected) return
  let opener = place.beneath
  while (opener !== undefined && !opener.element.isConnected) opener = opener.beneath
  if (opener !== undefined) focus(opener.element)
  if (isLost()) focusMain()
}

/** Without effect on what is disabled. */
function focus(element: HTMLElement): void {
  element.focus({ preventScroll: true })
}
