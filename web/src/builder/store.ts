import { createContext, use } from 'react'
import { createStore, type StoreApi, useStore } from 'zustand'
import { nextRef } from '../../../src/flow/ref.ts'
import type { FlowJson } from '../flows/flow-queries.ts'
import { type Catalogue, type PaletteItem, triggerOf } from './catalogue.ts'
import { applyEdit, type Edit, editProblem, type Place } from './edits.ts'
import { type Arrow, documentText, type FlowDocument, type Step } from './flow-document.ts'
import { withPlaces } from './placing.ts'

/** Typing in one field within this time is one undo step. */
const pauseMs = 900
const maxUndo = 200

export type SaveState = 'All changes saved' | 'Unsaved changes' | 'Saving…' | 'Not saved'

interface Past {
  document: FlowDocument
  /** Edits with the same key in quick succession are one step. */
  key: string | undefined
  at: number
}

/** One thing that is wrong or missing. `ref` is null when it concerns the flow as a whole. */
export interface Problem {
  ref: string | null
  /** Dotted path within the step or flow, as `input.url`. */
  field: string
  message: string
}

/** How a step fared in the run whose results are shown on the canvas. */
export interface StepResult {
  status: 'success' | 'error' | 'skipped' | 'retrying' | 'waiting' | 'running'
  durationMs: number | null
  error: string | null
}

export interface BuilderState {
  flowId: string
  catalogue: Catalogue
  document: FlowDocument
  /** What the server has, and under which version. */
  saved: FlowDocument
  version: number
  saving: 'idle' | 'saving' | 'failed'
  past: readonly Past[]
  future: readonly FlowDocument[]
  /** Refs of the selected steps, the last chosen one at the end. */
  selected: readonly string[]
  selectedArrow: Arrow | null
  results: Readonly<Record<string, StepResult>>
  /** What the server found wrong at the last save. */
  problems: readonly Problem[]
  edit(edit: Edit, key?: string): string | undefined
  undo(): void
  redo(): void
  addItem(item: PaletteItem, place: Place | undefined): { ref: string } | { problem: string }
  /** The server has taken a document: what was typed meanwhile stays unsaved. */
  markSaved(document: FlowDocument, version: number): void
  markSaving(saving: BuilderState['saving']): void
  select(refs: readonly string[]): void
  selectArrow(arrow: Arrow | null): void
  showResults(results: Readonly<Record<string, StepResult>>): void
  showProblems(problems: readonly Problem[]): void
}

export type BuilderStore = StoreApi<BuilderState>

export function documentOf(flow: FlowJson): FlowDocument {
  const { name, description, settings, steps, arrows } = flow
  return { name, description, settings, arrows, steps: withPlaces(steps, arrows) }
}

export function createBuilder(flow: FlowJson, catalogue: Catalogue): BuilderStore {
  const document = documentOf(flow)
  return createStore<BuilderState>((set, get) => {
    const commit = (next: FlowDocument, key?: string) => {
      const { document: before, past } = get()
      if (next === before) return
      const now = performance.now()
      const last = past.at(-1)
      const goesOn = key !== undefined && last?.key === key && now - last.at < pauseMs
      const entry: Past = goesOn ? { ...last, at: now } : { document: before, key, at: now }
      set({ document: next, future: [], past: [...(goesOn ? past.slice(0, -1) : past), entry].slice(-maxUndo) })
    }
    return {
      flowId: flow.id,
      catalogue,
      document,
      saved: document,
      version: flow.version,
      saving: 'idle',
      past: [],
      future: [],
      selected: [],
      selectedArrow: null,
      results: {},
      problems: flow.problems ?? [],
      edit(edit, key) {
        const problem = editProblem(get().document, edit, catalogue)
        if (problem === undefined) commit(applyEdit(get().document, edit, catalogue), key)
        return problem
      },
      undo() {
        const { past, future, document: current } = get()
        const last = past.at(-1)
        if (last) set({ document: last.document, past: past.slice(0, -1), future: [current, ...future] })
      },
      redo() {
        const { past, future, document: current } = get()
        const [next, ...rest] = future
        if (next) set({ document: next, future: rest, past: [...past, { document: current, key: undefined, at: 0 }] })
      },
      addItem(item, wanted) {
        const { document: current } = get()
        const step = newStep(current, item, catalogue)
        const place: Place = catalogue.starts(step) ? { at: 'start' } : (wanted ?? afterLast(current, catalogue))
        const edit: Edit = { kind: 'add_step', step, place }
        const problem = get().edit(edit)
        if (problem !== undefined) return { problem }
        get().select([step.ref])
        return { ref: step.ref }
      },
      markSaved: (next, version) => set({ saved: next, version, saving: 'idle' }),
      markSaving: (saving) => set({ saving }),
      select: (selected) => set({ selected, selectedArrow: null }),
      selectArrow: (selectedArrow) => set({ selectedArrow, selected: [] }),
      showResults: (results) => set({ results }),
      showProblems: (problems) => set({ problems }),
    }
  })
}

/** What is wrong in a step's form, by dotted path below the form. */
export function problemsAt(problems: readonly Problem[], stepRef: string): Record<string, string> {
  return Object.fromEntries(
    problems.flatMap(({ ref, field, message }) => (ref === stepRef ? [[field.replace(/^input\.?/, ''), message]] : [])),
  )
}

/** "Saved" is a comparison, never a flag, so that undo can't get out of step with it. */
export function saveStateOf({ document, saved, saving }: BuilderState): SaveState {
  if (saving === 'saving') return 'Saving…'
  if (documentText(document) === documentText(saved)) return 'All changes saved'
  return saving === 'failed' ? 'Not saved' : 'Unsaved changes'
}

export function isDirty({ document, saved }: BuilderState): boolean {
  return documentText(document) !== documentText(saved)
}

/** The branch a new follower of a step takes: a free one if there is one. */
export function followingPlace(document: FlowDocument, step: Step, catalogue: Catalogue): Place {
  const used = document.arrows.filter(({ from }) => from === step.ref)
  const branches = catalogue.branches(step)
  const label = branches.find((each) => !used.some((arrow) => arrow.label === each)) ?? branches[0]
  if (catalogue.hasFreeLabels(step)) {
    const free = used.some((arrow) => arrow.label === 'default') ? `case ${used.length}` : 'default'
    return { at: 'after', ref: step.ref, label: free }
  }
  return label === undefined ? { at: 'after', ref: step.ref } : { at: 'after', ref: step.ref, label }
}

function afterLast(document: FlowDocument, catalogue: Catalogue): Place {
  const leaf = document.steps.findLast(({ ref }) => !document.arrows.some(({ from }) => from === ref))
  return leaf === undefined ? { at: 'point', point: { x: 0, y: 0 } } : followingPlace(document, leaf, catalogue)
}

function newStep(document: FlowDocument, item: PaletteItem, catalogue: Catalogue): Step {
  const isFirst = document.steps.length === 0
  const connector = catalogue.connectors.get(item.connector)
  const hasTrigger = connector !== undefined && triggerOf(connector) !== undefined
  return {
    ref: nextRef(
      item.prefix,
      document.steps.map(({ ref }) => ref),
    ),
    connector: item.connector,
    action: isFirst && hasTrigger ? 'trigger_by_webhook' : item.action,
    input: {},
    on_error: 'terminate',
    run_error_flow: true,
  }
}

const byRef = new WeakMap<readonly Step[], ReadonlyMap<string, Step>>()

/** A step of a document by its reference id, without a search for each card on the canvas. */
export function stepOf(document: FlowDocument, ref: string): Step | undefined {
  let map = byRef.get(document.steps)
  if (map === undefined) {
    map = new Map(document.steps.map((step) => [step.ref, step]))
    byRef.set(document.steps, map)
  }
  return map.get(ref)
}

export const BuilderContext = createContext<BuilderStore | null>(null)

/** The builder's store, for what acts without being drawn anew. */
export function useBuilderStore(): BuilderStore {
  const store = use(BuilderContext)
  if (store === null) throw new Error('not inside a flow builder')
  return store
}

/** A part of the builder's state. Selectors must return what is stored, not fresh objects, or everything is drawn anew. */
export function useBuilder<Part>(select: (state: BuilderState) => Part): Part {
  return useStore(useBuilderStore(), select)
}
