import { useCallback, useEffect, useReducer, useRef } from 'react'
import type { Query } from '../api.ts'
import { onLiveEvent, onReconnected } from '../live/live.ts'
import { onRunChanged } from './run-actions.ts'
import { fetchRun, fetchRuns, hasEnded, pageSize, type RunJson } from './run-queries.ts'

/**
 * The list of runs: it follows the server, and nothing in it moves by itself.
 *
 * Runs that are shown change in place. New ones wait until someone asks for them; that is why this is no cached query,
 * whose refetch would push rows down. New ones are found by asking with the list's own filter, so that filters hold.
 */
export interface RunList {
  rows: readonly RunJson[]
  /** New runs that match the filter and are not shown yet. */
  waiting: number
  showWaiting: () => void
  hasMore: boolean
  loadMore: () => void
  /** The rows still belong to the filter before. */
  isLoading: boolean
  error: unknown
  reload: () => void
}

interface State {
  rows: readonly RunJson[]
  waiting: readonly RunJson[]
  cursor: string | null
  status: 'loading' | 'ready' | 'failed'
  error: unknown
}

type Action =
  | { kind: 'begin' }
  | { kind: 'first'; rows: RunJson[]; cursor: string | null }
  | { kind: 'more'; rows: RunJson[]; cursor: string | null }
  | { kind: 'news'; first: RunJson[]; changed: RunJson[] }
  | { kind: 'show' }
  | { kind: 'failed'; error: unknown }

/** Events of this long are answered by one request. */
const gatherMs = 250
/** Rows outside the first page that one round of news asks for. */
const maxChangedRows = 20

export function useRunList(query: Query): RunList {
  const [state, dispatch] = useReducer(reduce, { rows: [], waiting: [], cursor: null, status: 'loading', error: null })
  const key = JSON.stringify(query)
  const current = useRef({ state, key })
  current.current = { state, key }
  const loadingMore = useRef(false)

  const load = useCallback(() => {
    const stop = new AbortController()
    const asked = JSON.parse(key) as Query
    dispatch({ kind: 'begin' })
    fetchRuns(asked, null, pageSize, stop.signal).then(
      ({ data, next_cursor }) => dispatch({ kind: 'first', rows: data, cursor: next_cursor }),
      (error: unknown) => {
        if (!stop.signal.aborted) dispatch({ kind: 'failed', error })
      },
    )
    return () => stop.abort()
  }, [key])
  useEffect(load, [load])

  useNews(key, current, dispatch)

  const loadMore = useCallback(() => {
    const { cursor, status } = current.current.state
    if (cursor === null || status !== 'ready' || loadingMore.current) return
    loadingMore.current = true
    fetchRuns(JSON.parse(key) as Query, cursor, pageSize)
      .then(
        ({ data, next_cursor }) => {
          if (current.current.key === key) dispatch({ kind: 'more', rows: data, cursor: next_cursor })
        },
        (error: unknown) => dispatch({ kind: 'failed', error }),
      )
      .finally(() => {
        loadingMore.current = false
      })
  }, [key])

  return {
    rows: state.rows,
    waiting: state.waiting.length,
    showWaiting: useCallback(() => dispatch({ kind: 'show' }), []),
    hasMore: state.cursor !== null,
    loadMore,
    isLoading: state.status === 'loading',
    error: state.status === 'failed' ? state.error : null,
    reload: load,
  }
}

/** Asks what has changed whenever the server says that something has; one question at a time. */
function useNews(
  key: string,
  current: { readonly current: { state: State; key: string } },
  dispatch: (action: Action) => void,
): void {
  useEffect(() => {
    const touched = new Set<string>()
    let timer: number | undefined
    let stopped = false
    const ask = async () => {
      const ids = [...touched]
      touched.clear()
      const { data } = await fetchRuns(JSON.parse(key) as Query, null, pageSize)
      const inPage = new Set(data.map(({ id }) => id))
      const { rows } = current.current.state
      const others = rows.filter(({ id }) => ids.includes(id) && !inPage.has(id)).slice(0, maxChangedRows)
      const changed = await Promise.all(others.map(({ id }) => fetchRun(id)))
      if (!stopped && current.current.state.status === 'ready') dispatch({ kind: 'news', first: data, changed })
    }
    const soon = () => {
      timer ??= window.setTimeout(() => {
        // A question that fails is no reason to take the list away; the next event, or the reconnect, asks again.
        ask()
          .catch((error: unknown) => console.warn('The list of runs could not be brought up to date', error))
          .finally(() => {
            timer = undefined
            if (touched.size > 0 && !stopped) soon()
          })
      }, gatherMs)
    }
    const stopEvents = onLiveEvent(({ type, data }) => {
      if (type !== 'run') return
      touched.add(String(data.id))
      soon()
    })
    const stopChanges = onRunChanged((runId) => {
      touched.add(runId)
      soon()
    })
    const stopReconnected = onReconnected(() => {
      // What was cut off may have ended meanwhile.
      for (const run of current.current.state.rows) if (!hasEnded(run)) touched.add(run.id)
      soon()
    })
    return () => {
      stopped = true
      clearTimeout(timer)
      stopEvents()
      stopChanges()
      stopReconnected()
    }
  }, [key, current, dispatch])
}

function reduce(state: State, action: Action): State {
  switch (action.kind) {
    case 'begin':
      return { ...state, status: 'loading', error: null }
    case 'first':
      return { rows: action.rows, waiting: [], cursor: action.cursor, status: 'ready', error: null }
    case 'more': {
      const known = new Set(state.rows.map(({ id }) => id))
      const rows = [...state.rows, ...action.rows.filter(({ id }) => !known.has(id))]
      return { ...state, rows, cursor: action.cursor }
    }
    case 'news':
      return withNews(state, action.first, action.changed)
    case 'show':
      return { ...state, rows: [...state.waiting, ...state.rows], waiting: [] }
    case 'failed':
      return { ...state, status: 'failed', error: action.error }
  }
}

function withNews(state: State, first: readonly RunJson[], changed: readonly RunJson[]): State {
  const fresh = new Map([...first, ...changed].map((run) => [run.id, run]))
  const known = new Set([...state.rows, ...state.waiting].map(({ id }) => id))
  const oldest = state.rows.at(-1)
  // The first page of a list that is shown whole, or of which less than a page is shown, may reach beyond its end.
  const isNew = (run: RunJson) => !known.has(run.id) && (oldest === undefined || run.started_at >= oldest.started_at)
  const update = (run: RunJson) => fresh.get(run.id) ?? run
  const rows = state.rows.map(update)
  const waiting = [...first.filter(isNew), ...state.waiting.map(update)]
  // There is nothing to move in an empty list, and whoever looks at it waits for exactly this.
  return state.rows.length === 0 ? { ...state, rows: waiting, waiting: [] } : { ...state, rows, waiting }
}
