/** What went wrong: the template can't be read, it failed while rendering, it used up a budget, or it reached for something forbidden. */
export type TemplateErrorKind = 'syntax' | 'runtime' | 'limit' | 'security'

/** A failure inside the runtime, named as Python names it; the compiler adds the place and makes a `TemplateError` of it. */
export class Raised extends Error {
  readonly pythonType: string
  /** What was probably meant, where that can be guessed. */
  readonly suggestion: string | undefined
  constructor(pythonType: string, message: string, suggestion?: string) {
    super(message)
    this.pythonType = pythonType
    this.suggestion = suggestion
  }
}

/** Where in a template: an offset into its source, with lines counted from 1. */
export interface Place {
  source: string
  offset: number
}

/**
 * The one error a template can end in.
 *
 * `message` is for people: what happened, line and column, the source line with a caret, a suggestion where there is
 * one. `pythonType` and `reason` are what Python's Jinja2 would have raised.
 */
export class TemplateError extends Error {
  readonly kind: TemplateErrorKind
  readonly pythonType: string
  readonly reason: string
  readonly line: number
  readonly column: number
  readonly suggestion: string | undefined

  constructor(
    kind: TemplateErrorKind,
    pythonType: string,
    reason: string,
    place: Place,
    extra: { suggestion?: string | undefined; cause?: unknown } = {},
  ) {
    const { line, column, text } = locate(place)
    const hint = extra.suggestion === undefined ? '' : `: did you mean "${extra.suggestion}"?`
    super(
      `${hint === '' ? reason : reason.replace(/\.$/, '')}${hint} (line ${line}, column ${column})\n${excerpt(text, line, column)}`,
      { cause: extra.cause },
    )
    this.name = 'TemplateError'
    this.kind = kind
    this.pythonType = pythonType
    this.reason = reason
    this.line = line
    this.column = column
    this.suggestion = extra.suggestion
  }
}

/** Line and column (both from 1; columns count characters, not UTF-16 units) of an offset, and the text of that line. */
export function locate(place: Place): { line: number; column: number; text: string } {
  const offset = Math.max(0, Math.min(place.offset, place.source.length))
  let line = 1
  let start = 0
  for (let at = place.source.indexOf('\n'); at !== -1 && at < offset; at = place.source.indexOf('\n', at + 1)) {
    line += 1
    start = at + 1
  }
  const end = place.source.indexOf('\n', start)
  const text = place.source.slice(start, end === -1 ? undefined : end)
  return { line, column: [...place.source.slice(start, offset)].length + 1, text }
}

/** Characters of a source line shown around the caret; minified templates have lines of a megabyte. */
const excerptWidth = 100

function excerpt(text: string, line: number, column: number): string {
  const characters = [...text.slice(0, 20_000)]
  const from = Math.max(0, column - 1 - excerptWidth / 2)
  const shown = characters
    .slice(from, from + excerptWidth)
    .join('')
    .replace(/[\t\v\f\r]/g, ' ')
  const margin = `${line} | `
  return `${margin}${from > 0 ? '…' : ''}${shown}\n${' '.repeat(margin.length + (from > 0 ? 1 : 0) + column - 1 - from)}^`
}

/**
 * The known name a mistyped one was probably meant to be.
 *
 * Compares by edits (a swap of neighbours counts as one) and accepts one edit for short names, two for longer ones, so
 * that unrelated names are never suggested.
 */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > 60) return undefined
  const allowed = name.length <= 3 ? 1 : name.length <= 7 ? 2 : 3
  let best: string | undefined
  let bestDistance = allowed + 1
  for (const candidate of known) {
    if (candidate === name || Math.abs(candidate.length - name.length) >= bestDistance) continue
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
