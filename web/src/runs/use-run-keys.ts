import { announce } from '../components/Announcer.tsx'
import { copyText } from '../components/CopyButton.tsx'
import { isTyping, useKeys, useSingleKeys } from '../shell/shortcuts.ts'
import type { RunJson } from './run-queries.ts'
import type { RunSearch } from './run-search.ts'
import type { SetSearch } from './use-run-search.ts'

interface RunKeys {
  rows: readonly RunJson[]
  search: RunSearch
  setSearch: SetSearch
  open: (runId: string, replace?: boolean) => void
  toggle: (runId: string) => void
  focusSearch: () => void
}

/** Names of the buttons that keys press, so that key and mouse do the same. */
export const keyTargets = { rerun: 'run-again', retry: 'retry-from', nextFailed: 'next-failed' } as const

/**
 * The debugger's single-letter keys. They are quiet while something is typed or a menu is open, and can be turned off
 * (WCAG 2.1.4). What acts on a run acts on the open one.
 */
export function useRunKeys({ rows, search, open, toggle, focusSearch }: RunKeys): void {
  const isOn = useSingleKeys((state) => state.on)
  useKeys((event) => {
    if (!isOn || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    const focused = (document.activeElement?.closest('[data-run]') as HTMLElement | null)?.dataset.run
    const current = focused ?? search.run
    const at = rows.findIndex(({ id }) => id === current)
    const act = actionOf(event)
    if (act === undefined) return
    event.preventDefault()
    if (act === 'search') focusSearch()
    else if (act === 'next' || act === 'previous') {
      const to = rows[Math.max(0, Math.min(rows.length - 1, act === 'next' ? at + 1 : at - 1))]
      if (to === undefined) return
      focusRow(to.id)
      if (search.run !== undefined) open(to.id, true)
    } else if (current === undefined) return
    else if (act === 'select') toggle(current)
    else if (act === 'copy') {
      const link = `${window.location.origin}/runs?run=${current}`
      void copyText(link).then(() => announce('Link to the run copied'))
    } else press(keyTargets[act])
  })
}

type Act = 'next' | 'previous' | 'select' | 'search' | 'copy' | keyof typeof keyTargets

function actionOf({ key }: KeyboardEvent): Act | undefined {
  const acts: Record<string, Act> = {
    j: 'next',
    k: 'previous',
    x: 'select',
    '/': 'search',
    y: 'copy',
    r: 'rerun',
    R: 'retry',
    e: 'nextFailed',
  }
  return acts[key]
}

function press(name: string): void {
  document.querySelector<HTMLElement>(`[data-key-target="${name}"]`)?.click()
}

/** The row may have to be scrolled into view before it is there to take the focus; the table listens for this. */
export const focusRowEvent = 'hookline-focus-run'

function focusRow(runId: string): void {
  window.dispatchEvent(new CustomEvent(focusRowEvent, { detail: runId }))
}
