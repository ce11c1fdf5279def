import { useCallback, useEffect, useReducer, useRef } from 'react'
import type { Query } from '../api.ts'
import { onLiveEvent, onReconnected } from '../live/live.ts'
import { fetchRun, fetchRuns, hasEnded, pageSize, type RunJson, type RunsPage } from './run-queries.ts'

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
  /** A search stopped here for lack of time; older runs are looked at when `loadMore` is called, and not by itself. */
  searchedTo: string | null
  isLoadingMore: boolean
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
  searchedTo: string | null
  isLoadingMore: boolean
  status: 'loading' | 'ready' | 'failed'
  error: unknown
}

type Action =
  | { kind: 'begin' }
  | { kind: 'first' | 'more'; page: RunsPage }
  | { kind: 'loading-more' }
  | { kind: 'news'; first: RunJson[]; changed: RunJson[] }
  | { kind: 'show' }
  | { kind: 'failed'; error: unknown }

/** Events of this long are answered by one request. */
const gatherMs = 250
/** Rows outside the first page that one round of news asks for. */
const maxChangedRows = 20

export function useRunList(query: Query): RunList {
  const [state, dispatch] = useReducer(reduce, emptyState)
  const key = JSON.stringify(query)
  const current = useRef({ state, key })
  current.current = { state, key }
  const loadingMore = useRef(false)

  const load = useCallback(() => {
    const stop = new AbortController()
    const asked = JSON.parse(key) as Query
    dispatch({ kind: 'begin' })
    fetchRuns(asked, null, pageSize, stop.signal).then(
      (page) => dispatch({ kind: 'first', page }),
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
    dispatch({ kind: 'loading-more' })
    fetchRuns(JSON.parse(key) as Query, cursor, pageSize)
      .then(
        (page) => {
          if (current.current.key === key) dispatch({ kind: 'more', page })
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
    searchedTo: state.searchedTo,
    isLoadingMore: state.isLoadingMore,
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
      const { data } = await fetchRuns(newsQuery(JSON.parse(key) as Query, current.current.state.rows), null, pageSize)
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
    const stopReconnected = onReconnected(() => {
      // What was cut off may have ended meanwhile.
      for (const run of current.current.state.rows) if (!hasEnded(run)) touched.add(run.id)
      soon()
    })
    return () => {
      stopped = true
      clearTimeout(timer)
      stopEvents()
      stopReconnected()
    }
  }, [key, current, dispatch])
}

/** A text is looked for in every run: only those that are newer than what is shown are worth it. */
function newsQuery(query: Query, [newest]: readonly RunJson[]): Query {
  return query.q === undefined || newest === undefined ? query : { ...query, from: newest.started_at }
}

const emptyState: State = {
  rows: [],
  waiting: [],
  cursor: null,
  searchedTo: null,
  isLoadingMore: false,
  status: 'loading',
  error: null,
}

function reduce(state: State, action: Action): State {
  switch (action.kind) {
    case 'begin':
      return { ...state, status: 'loading', error: null }
    case 'first':
      return { ...emptyState, rows: action.page.data, ...endOf(action.page), status: 'ready' }
    case 'more': {
      const known = new Set(state.rows.map(({ id }) => id))
      const rows = [...state.rows, ...action.page.data.filter(({ id }) => !known.has(id))]
      return { ...state, rows, ...endOf(action.page), isLoadingMore: false }
    }
    case 'loading-more':
      return { ...state, isLoadingMore: true }
    case 'news':
      return withNews(state, action.first, action.changed)
    case 'show':
      return { ...state, rows: [...state.waiting, ...state.rows], waiting: [] }
    case 'failed':
      return { ...state, isLoadingMore: false, status: 'failed', error: action.error }
  }
}

function endOf({ next_cursor, searched_to }: RunsPage) {
  return { cursor: next_cursor, searchedTo: searched_to }
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
