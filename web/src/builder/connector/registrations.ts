import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { call, type Page } from '../../api.ts'
import { isolated } from '../../components/foreign-text.ts'
import { clockTime } from '../../components/TimeAgo.tsx'

/** A webhook that Hookline made at a vendor (spec 7.2). */
export interface RegistrationJson {
  id: string
  flow_id: string
  ref: string
  connector: string
  state: 'not_registered' | 'registering' | 'registered' | 'stale' | 'failed' | 'removing' | 'removed'
  /** False once the flow wants it no more. */
  wanted: boolean
  reason: string | null
  remote_id: string | null
  url: string
  events: string[]
  registered_at: string | null
  expires_at: string | null
  last_event_at: string | null
  retry_at: string | null
  /** What the vendor has a call for. */
  can: ('rotate_secret' | 'ping')[]
  /** The last wish for another secret. */
  secret_rotation: { state: 'asked' | 'done'; at: string; former_until: string | null } | null
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

function useAsk<Input, Answer>(ask: (input: Input) => Promise<Answer>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ask,
    onSettled: () => client.invalidateQueries({ queryKey: ['registrations'] }),
  })
}

/** A new webhook at the vendor, without a change of settings; the old one goes once the new one is live. */
export const useRecreate = () => useAsk((id: string) => call<unknown>('POST', `registrations/${id}/recreate`))

/** Another secret for the same webhook; the former one is accepted for the grace. */
export const useRotateSecret = () =>
  useAsk(({ id, graceSeconds }: { id: string; graceSeconds: number }) =>
    call<unknown>('POST', `registrations/${id}/rotate-secret`, { body: { grace_seconds: graceSeconds } }),
  )

export const usePing = () =>
  useAsk((id: string) => call<{ ok: boolean; message: string }>('POST', `registrations/${id}/ping`))

/** What the state means, in one sentence. */
export function registrationWords(registration: RegistrationJson | undefined): string {
  if (registration === undefined) return 'Not registered until the flow is saved as draft or live with an auth.'
  const { state, wanted, reason, registered_at, remote_id, expires_at } = registration
  switch (state) {
    case 'registered': {
      const since = registered_at === null ? '' : ` ${clockTime(registered_at)}`
      const until = expires_at === null ? '' : `, renewed before ${new Date(expires_at).toLocaleString()}`
      return `Registered${since}${remote_id === null ? '' : `, id ${isolated(remote_id)}`}${until}`
    }
    case 'registering':
      return 'Registering…'
    case 'failed':
      return `${wanted ? 'Failed' : 'Not removed yet'}: ${isolated(reason ?? 'the vendor gave no reason')}`
    case 'stale':
      return `Stale: ${isolated(reason ?? 'settings changed, save to re-create')}`
    case 'removing':
      return 'Removing…'
    default:
      return 'Not registered until the flow is saved as draft or live with an auth.'
  }
}

/** What else is to be known of how it stands, a sentence each; `former` is the webhook that a new one replaces. */
export function standingWords(
  { state, reason, retry_at }: RegistrationJson,
  former: RegistrationJson | undefined,
): string[] {
  const words: string[] = []
  if (state === 'registered' && reason !== null) words.push(`Last check: ${isolated(reason)}`)
  if (state !== 'registered' && retry_at !== null) words.push(`It is tried again at ${clockTime(retry_at)}.`)
  if (former !== undefined) {
    const id = former.remote_id === null ? '' : ` (id ${isolated(former.remote_id)})`
    words.push(`Until it is registered, the former one${id} takes deliveries.`)
  }
  return words
}

/** What has become of the wish for another secret; null when there was none. */
export function rotationWords({ secret_rotation: rotation, retry_at }: RegistrationJson): string | null {
  if (rotation === null) return null
  if (rotation.state === 'asked') {
    const again = retry_at === null ? '' : ` It is tried again at ${clockTime(retry_at)}.`
    return `The signing secret is being changed.${again}`
  }
  const { at, former_until: until } = rotation
  const former = until === null || Date.parse(until) < Date.now() ? 'the former one is refused' : formerWords(until)
  return `Signing secret changed ${clockTime(at)}; ${former}.`
}

function formerWords(until: string): string {
  return `the former one is accepted until ${new Date(until).toLocaleString()}`
}

/** What became of events while the webhook was gone, or Hookline was down. */
export function gapWords({ since, until, recovered, note }: NonNullable<RegistrationJson['last_gap']>): string {
  const span = `Not delivered between ${new Date(since).toLocaleString()} and ${new Date(until).toLocaleString()}`
  if (recovered === null)
    return `${span}: what the vendor does not send again is lost, because ${note ?? 'it lists nothing'}`
  return `${span}: ${recovered === 1 ? 'one event was' : `${recovered} events were`} fetched afterwards`
}
