import { changedRefs, type FlowDocument } from './flow-document.ts'
import { type BuilderState, type Problem, useBuilder } from './store.ts'

/** What stands on a card besides its name: not saved yet, and what is wrong with it. */
export function useStepMarks(ref: string): { changed: boolean; problem: string | undefined } {
  const changed = useBuilder((state) => changedOf(state).has(ref))
  const problem = useBuilder((state) => problemsOf(state.problems).get(ref))
  return { changed, problem }
}

const changes = new WeakMap<FlowDocument, { saved: FlowDocument; refs: ReadonlySet<string> }>()

/** Compared once per document, however many cards ask. */
function changedOf({ document, saved }: BuilderState): ReadonlySet<string> {
  const known = changes.get(document)
  if (known?.saved === saved) return known.refs
  const refs = changedRefs(document, saved)
  changes.set(document, { saved, refs })
  return refs
}

const messages = new WeakMap<readonly Problem[], ReadonlyMap<string, string>>()

function problemsOf(problems: readonly Problem[]): ReadonlyMap<string, string> {
  let map = messages.get(problems)
  if (map === undefined) {
    map = new Map(problems.flatMap(({ ref, message }) => (ref === null ? [] : [[ref, message] as const])))
    messages.set(problems, map)
  }
  return map
}
