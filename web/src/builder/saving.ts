import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ApiError, call } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { type FlowJson, flowQuery } from '../flows/flow-queries.ts'
import { forgetDraft } from './drafts.ts'
import { bodyOf } from './flow-document.ts'
import { type BuilderStore, isDirty, type Problem } from './store.ts'

/** What a 409 says of the save that came in between. */
export interface Conflict {
  version: number
  /** Null when a token of the command line saved it. */
  saved_by: string | null
  saved_by_id: string | null
  saved_at: string
}

/** Saves the flow as a new version. It is deliberate, since saving re-creates webhooks at vendors. */
export function useSave(store: BuilderStore, { onProblems }: { onProblems: () => void }) {
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: async ({ onto }: { onto?: number }) => {
      const { document, version, flowId, markSaving } = store.getState()
      markSaving('saving')
      const flow = await call<FlowJson>('PUT', `flows/${flowId}`, { body: bodyOf(document), ifMatch: onto ?? version })
      return { flow, document }
    },
    onSuccess: ({ flow, document }) => {
      store.getState().markSaved(document, flow.version)
      store.getState().showProblems(flow.problems ?? [])
      client.setQueryData(flowQuery(flow.id).queryKey, flow)
      void client.invalidateQueries({ queryKey: ['flows', 'list'] })
      void client.invalidateQueries({ queryKey: ['versions', flow.id] })
      if (!isDirty(store.getState())) forgetDraft(flow.id)
      announce('All changes saved')
    },
    onError: (error) => {
      store.getState().markSaving('failed')
      const problems = problemsIn(error)
      store.getState().showProblems(problems)
      if (problems.length > 0) onProblems()
      announce(`Not saved: ${error.message}`)
    },
  })
  return {
    ...save,
    /** `onto` saves over a newer version, which stays in the history. */
    save: (options: { onto?: number } = {}) => {
      if (store.getState().saving !== 'saving' && (isDirty(store.getState()) || options.onto !== undefined)) {
        save.mutate(options)
      }
    },
    conflict: conflictIn(save.error),
  }
}

/** The places that a 422 names; empty for any other error. */
export function problemsIn(error: unknown): Problem[] {
  if (!(error instanceof ApiError) || error.code !== 'invalid_flow') return []
  const { problems } = (error.data ?? {}) as { problems?: Problem[] }
  return problems ?? []
}

function conflictIn(error: unknown): Conflict | null {
  if (!(error instanceof ApiError) || error.status !== 409) return null
  return error.data as unknown as Conflict
}
