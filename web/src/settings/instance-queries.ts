import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../api.ts'

/** Whether the public address leads to this server, as the server itself has found out. */
export interface Reach {
  ok: boolean
  message: string
  checked_at: string
}

export interface InstanceJson {
  version: string
  /** What webhook addresses begin with. */
  public_url: string
  /** False: it is the address the server listens on. */
  public_url_configured: boolean
  public_url_check: Reach
  /** Null for those who are no admins. */
  admin: {
    started_at: string
    settings: { name: string; description: string; value: string | null; is_set: boolean; is_secret: boolean }[]
    storage: {
      database_bytes: number
      run_bytes: number
      payload_bytes: number
      run_count: number | null
      disk_free_bytes: number | null
      disk_bytes: number | null
    }
  } | null
}

export const instanceQuery = queryOptions({
  queryKey: ['instance'],
  queryFn: ({ signal }) => call<InstanceJson>('GET', 'instance', { signal }),
  staleTime: 5 * 60_000,
})

/** Asks the server to look now. */
export function useReachCheck() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call<Reach>('POST', 'instance/public-url-check'),
    onSuccess: (reach) =>
      client.setQueryData(instanceQuery.queryKey, (instance) => instance && { ...instance, public_url_check: reach }),
  })
}
