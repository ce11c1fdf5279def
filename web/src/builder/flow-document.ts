import type { Arrow, FlowSettings, FlowStatus, Step } from '../../../src/flow/flow.ts'
import { type Json, stringifyJson } from '../../../src/flow/json.ts'

/** What the builder edits: a flow without its status, which is changed on the spot and not by saving. */
export interface FlowDocument {
  name: string
  description: string
  settings: FlowSettings
  steps: readonly Step[]
  arrows: readonly Arrow[]
}

export type { Arrow, FlowSettings, FlowStatus, Step }

export interface Point {
  x: number
  y: number
}

/** What is sent: the document and nothing of the screen. */
export function bodyOf({ name, description, settings, steps, arrows }: FlowDocument): object {
  return { name, description, settings, steps, arrows }
}

/**
 * A document as canonical text. Two documents are the same when these are: that is what "unsaved changes" means, so that
 * a change and its undo leave nothing to save.
 */
export function documentText(document: FlowDocument): string {
  let text = texts.get(document)
  if (text === undefined) {
    text = stringifyJson({
      name: document.name,
      description: document.description,
      settings: document.settings as unknown as Json,
      steps: [...document.steps]
        .sort((a, b) => (a.ref < b.ref ? -1 : 1))
        .map((step) => sorted(step as unknown as Json)),
      arrows: document.arrows.map(({ from, to, label }) => stringifyJson([from, to, label ?? null])).sort(),
    })
    texts.set(document, text)
  }
  return text
}

const texts = new WeakMap<FlowDocument, string>()

/** Refs of the steps that differ from the saved ones, or are new. */
export function changedRefs(document: FlowDocument, saved: FlowDocument): ReadonlySet<string> {
  const before = new Map(saved.steps.map((step) => [step.ref, step]))
  const changed = document.steps.filter((step) => {
    const old = before.get(step.ref)
    if (old === step) return false
    return old === undefined || stringifyJson(sorted(content(step))) !== stringifyJson(sorted(content(old)))
  })
  return new Set(changed.map(({ ref }) => ref))
}

/** A step without its place: moving a card is not a change of the step. */
function content({ position: _, ...step }: Step): Json {
  return step as unknown as Json
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null || value instanceof Number) return value
  return Object.fromEntries(
    Object.keys(value)
      .filter((key) => value[key] !== undefined) // A title that was taken away is no title.
      .sort()
      .map((key) => [key, sorted(value[key] ?? null)]),
  )
}
