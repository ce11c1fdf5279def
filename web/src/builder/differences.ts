import microdiff, { type Difference } from 'microdiff'
import { type Json, stringifyJson } from '../../../src/flow/json.ts'
import { isolated } from '../components/foreign-text.ts'
import type { FlowDocument } from './flow-document.ts'

export interface Line {
  kind: Difference['type']
  path: string
  text: string
}

const shownCharacters = 160
const signs = { CREATE: '+', REMOVE: '−', CHANGE: '~' } as const

/** What changed between two documents, a line for each value. Steps are compared by their reference id, not their place. */
export function differences(before: FlowDocument, after: FlowDocument): Line[] {
  return microdiff(comparable(before), comparable(after)).map((difference) => {
    const path = difference.path.join('.')
    const old = 'oldValue' in difference ? shown(difference.oldValue as Json) : ''
    const now = 'value' in difference ? shown(difference.value as Json) : ''
    const text =
      difference.type === 'CHANGE' ? `${isolated(old)} → ${isolated(now)}` : difference.type === 'CREATE' ? now : old
    return { kind: difference.type, path: `${signs[difference.type]} ${path}`, text }
  })
}

function comparable({ name, description, settings, steps, arrows }: FlowDocument): Record<string, unknown> {
  return {
    name,
    description,
    settings,
    steps: Object.fromEntries(steps.map(({ ref, position: _, ...step }) => [ref, step])),
    arrows: Object.fromEntries(
      arrows.map(({ from, to, label }) => [
        `${from}${label === undefined ? '' : ` (${isolated(label)})`} → ${to}`,
        'arrow',
      ]),
    ),
  }
}

function shown(value: Json | undefined): string {
  const text = value === undefined ? 'nothing' : stringifyJson(value)
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text
}
