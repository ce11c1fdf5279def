import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import type { RunError } from '../../../src/flow/run.ts'
import { call } from '../api.ts'

/** What one action did by itself, as the API tells it. No run is stored. */
export interface ActionTestJson {
  dry_run: boolean
  /** As it left, its credential masked; null when nothing could be sent. */
  request: {
    method: string
    url: string
    headers: Record<string, string>
    body: string | null
    truncated: boolean
  } | null
  /** Null when nothing was sent or nothing came back. */
  response: {
    status: number
    headers: Record<string, string>
    body: Json
    size: number
    truncated: boolean
  } | null
  /** Requests that were sent: several for a list that is read to its end, of which the last one is shown. */
  calls: number
  output: Json
  output_truncated: boolean
  error: RunError | null
  duration_ms: number
}

export interface TriedAction {
  connector: string
  action: string
  auth: string | null
  input: JsonObject
  /** Only shows the request. */
  isDry: boolean
}

/** Tries an action. `cancel` ends the test with an `AbortError`: the server then ends its calls, too. */
export function useActionTest() {
  const leaving = useRef<AbortController>(null)
  const test = useMutation({
    mutationFn: ({ connector, action, auth, input, isDry }: TriedAction) => {
      leaving.current = new AbortController()
      return call<ActionTestJson>(
        'POST',
        `connectors/${encodeURIComponent(connector)}/actions/${encodeURIComponent(action)}/test`,
        {
          query: { dry_run: isDry ? true : undefined },
          body: { connector_auth_id: auth, input },
          signal: leaving.current.signal,
        },
      )
    },
  })
  return { ...test, cancel: () => leaving.current?.abort() }
}
