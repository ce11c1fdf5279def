import type { Json, JsonObject } from '../../../src/flow/json.ts'
import type { FlowDocument } from './flow-document.ts'

/** Renames a step, in its arrows and in every template that speaks of it; says how many texts changed. */
export function renameRef(
  document: FlowDocument,
  from: string,
  to: string,
): { document: FlowDocument; places: number } {
  let places = 0
  const inText = (text: string) => {
    const changed = renameInTemplate(text, from, to)
    if (changed !== text) places += 1
    return changed
  }
  const inValue = (value: Json): Json => {
    if (typeof value === 'string') return inText(value)
    if (Array.isArray(value)) return keepIfSame(value, value.map(inValue))
    if (typeof value !== 'object' || value === null || value instanceof Number) return value
    return keepObject(value, inValue)
  }
  const steps = document.steps.map((step) => {
    const input = keepObject(step.input, inValue)
    const auth = typeof step.auth === 'string' ? inText(step.auth) : step.auth
    const ref = step.ref === from ? to : step.ref
    return ref === step.ref && input === step.input && auth === step.auth ? step : { ...step, ref, input, auth }
  })
  const { run_title, order_by_key } = document.settings
  const renamed = {
    ...document,
    steps,
    arrows: document.arrows.map((arrow) =>
      arrow.from === from || arrow.to === from
        ? { ...arrow, from: arrow.from === from ? to : arrow.from, to: arrow.to === from ? to : arrow.to }
        : arrow,
    ),
    settings: {
      ...document.settings,
      run_title: run_title === null ? null : inText(run_title),
      order_by_key: order_by_key === null ? null : inText(order_by_key),
    },
  }
  return { document: renamed, places }
}

const blocks = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g
const tokens = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_][A-Za-z0-9_]*|[\s\S]/g

/** Replaces the name where it stands for a variable: not in text, strings, after a dot, as a filter or a keyword argument. */
export function renameInTemplate(template: string, from: string, to: string): string {
  if (!template.includes(from)) return template
  return template.replace(blocks, (block) => {
    const parts = block.match(tokens) ?? []
    return parts
      .map((part, at) => {
        if (part !== from) return part
        const before = parts.slice(0, at).findLast((each) => each.trim() !== '')
        const rest = parts.slice(at + 1).filter((each) => each.trim() !== '')
        const isArgument = rest[0] === '=' && rest[1] !== '=' && (before === '(' || before === ',')
        return before === '.' || before === '|' || isArgument ? part : to
      })
      .join('')
  })
}

function keepObject(value: JsonObject, change: (each: Json) => Json): JsonObject {
  const entries = Object.entries(value).map(([key, each]) => [key, change(each)] as const)
  return entries.every(([key, each]) => value[key] === each) ? value : Object.fromEntries(entries)
}

function keepIfSame(before: Json[], after: Json[]): Json[] {
  return after.every((each, index) => each === before[index]) ? before : after
}
