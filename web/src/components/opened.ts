import { useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import { ApiError, read } from '../api.ts'

/**
 * A thing as it is when its editor opens, with the tag of that state. It is read anew for every editor; a list that was read
 * some time ago may show an older state.
 */
export function useOpened<Thing>(path: string) {
  const editor = useId()
  return useQuery({
    queryKey: ['opened', path, editor],
    queryFn: ({ signal }) => read<Thing>(path, { signal }),
    // Once it is there it stays as it is, whatever else is read again: a change is based on what was seen.
    enabled: ({ state }) => state.data === undefined,
    gcTime: 0,
    retry: false,
  })
}

/**
 * The state that a write would have overwritten unseen: its tag, null when the thing has been deleted. Undefined when the
 * write failed for another reason.
 */
export function newerState(error: unknown): string | null | undefined {
  if (!(error instanceof ApiError) || error.code !== 'conflict') return undefined
  const { data } = error
  if (typeof data !== 'object' || data === null || !('etag' in data)) return undefined
  return typeof data.etag === 'string' ? data.etag : null
}
