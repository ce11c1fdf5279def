import { useCallback } from 'react'
import type { JsonObject } from '../../../src/flow/json.ts'
import { stepOf, useBuilder, useBuilderStore } from './store.ts'

const none: JsonObject = {}

/** The form values of a step, and how to change them: typing on in the same field is one undo step. */
export function useStepInput(ref: string): { input: JsonObject; set: (input: JsonObject, field?: string) => void } {
  const store = useBuilderStore()
  const input = useBuilder((state) => stepOf(state.document, ref)?.input ?? none)
  const set = useCallback(
    (next: JsonObject, field?: string) => {
      const key = field === undefined ? undefined : `input ${ref} ${field}`
      store.getState().edit({ kind: 'set_step', ref, change: { input: next } }, key)
    },
    [store, ref],
  )
  return { input, set }
}
