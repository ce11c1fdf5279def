import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { call, type Page } from '../../api.ts'

/** A webhook that Hookline made at a vendor (spec 7.2). */
export interface RegistrationJson {
  id: string
  flow_id: string
  ref: string
  connector: string
  state: 'not_registered' | 'registering' | 'registered' | 'stale' | 'failed' | 'removing' | 'removed'
  reason: string | null
  remote_id: string | null
  url: string
  events: string[]
  registered_at: string | null
  expires_at: string | null
  last_event_at: string | null
  /** When deliveries could not be taken last. `recovered`: runs started for what was missed; null when it is lost. */
  last_gap: { since: string; until: string; recovered: number | null; note: string | null } | null
}

export const registrationsQuery = (flowId: string) =>
  queryOptions({
    queryKey: ['registrations', flowId],
    queryFn: ({ signal }) =>
      call<Page<RegistrationJson>>('GET', 'registrations', { query: { flow_id: flowId }, signal }),
    select: ({ data }) => data,
  })

/** A new webhook at the vendor, without a change of settings; the old one goes once the new one is live. */
export function useRecreate() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => call<unknown>('POST', `registrations/${id}/recreate`),
    onSettled: () => client.invalidateQueries({ queryKey: ['registrations'] }),
  })
}
