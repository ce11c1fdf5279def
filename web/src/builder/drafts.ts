import { type Json, type JsonObject, JsonSyntaxError, parseJson, stringifyJson } from '../../../src/flow/json.ts'
import type { FlowDocument } from './flow-document.ts'

/** Unsaved work, kept in this browser in case it crashes. Secrets stay out of it. */

export interface Draft {
  at: string
  /** The version it was based on. */
  version: number
  document: FlowDocument
}

const key = (flowId: string) => `hookline-draft-${flowId}`
/** Names under which people type secrets into forms. */
const secretName = /authorization|token|secret|password|passwd|api[-_]?key|cookie|signature/i
/** Stands where a secret was; when the draft is restored, the saved value takes its place again. */
const removed = '••••'

export function keepDraft(flowId: string, document: FlowDocument, version: number): void {
  const draft = { at: new Date().toISOString(), version, document: withoutSecrets(document) }
  try {
    localStorage.setItem(key(flowId), stringifyJson(draft as unknown as Json))
  } catch (error) {
    console.warn('The draft could not be kept in this browser', error) // Full or blocked: saving still works.
  }
}

export function readDraft(flowId: string): Draft | undefined {
  try {
    const text = localStorage.getItem(key(flowId))
    return text === null ? undefined : (parseJson(text) as unknown as Draft)
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof DOMException) return undefined // Nothing that could be restored.
    throw error
  }
}

export function forgetDraft(flowId: string): void {
  try {
    localStorage.removeItem(key(flowId))
  } catch {
    // Blocked storage holds no draft either.
  }
}

/** The draft with the secrets that the saved flow has in the same places. */
export function restored(draft: FlowDocument, saved: FlowDocument): FlowDocument {
  const before = new Map(saved.steps.map((step) => [step.ref, step.input]))
  return {
    ...draft,
    steps: draft.steps.map((step) => ({ ...step, input: refill(step.input, before.get(step.ref)) as JsonObject })),
  }
}

export function withoutSecrets(document: FlowDocument): FlowDocument {
  return { ...document, steps: document.steps.map((step) => ({ ...step, input: strip(step.input) as JsonObject })) }
}

function strip(value: Json, name = ''): Json {
  if (typeof value === 'string') return secretName.test(name) && !isOnlyTemplate(value) ? removed : value
  if (Array.isArray(value)) return value.map((each) => strip(each, name))
  if (typeof value !== 'object' || value === null || value instanceof Number) return value
  return Object.fromEntries(Object.entries(value).map(([each, member]) => [each, strip(member, each)]))
}

/** `Bearer {{ token }}` names a secret and holds none. */
function isOnlyTemplate(value: string): boolean {
  return /\{\{/.test(value) && /^\s*(bearer|basic|token)?\s*$/i.test(value.replaceAll(/\{\{[\s\S]*?\}\}/g, ''))
}

function refill(value: Json, saved: Json | undefined): Json {
  if (value === removed) return typeof saved === 'string' ? saved : ''
  if (Array.isArray(value))
    return value.map((each, index) => refill(each, Array.isArray(saved) ? saved[index] : undefined))
  if (typeof value !== 'object' || value === null || value instanceof Number) return value
  const members = typeof saved === 'object' && saved !== null && !Array.isArray(saved) ? (saved as JsonObject) : {}
  return Object.fromEntries(Object.entries(value).map(([each, member]) => [each, refill(member, members[each])]))
}
