import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import type { RunSearch } from './run-search.ts'

const route = getRouteApi('/runs')

/** Sets a part of the debugger's URL. Without `replace`, Back undoes it. */
export type SetSearch = (change: Partial<RunSearch>, options?: { replace?: boolean }) => void

/** The debugger's state, which is its URL. */
export function useRunSearch(): [RunSearch, SetSearch] {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const set: SetSearch = useCallback(
    (change, { replace = false } = {}) => {
      void navigate({ search: (before) => ({ ...before, ...change }), replace, resetScroll: false })
    },
    [navigate],
  )
  return [search, set]
}

/** What opening another run clears: step and comparison belong to the run before. The tab stays, for those who compare. */
export const freshRun = { step: undefined, with: undefined } as const

/** What closing a run clears. */
export const noRun = { run: undefined, tab: undefined, ...freshRun } as const
