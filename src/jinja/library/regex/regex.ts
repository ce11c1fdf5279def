import { Raised } from '../../error.ts'
import type { Budget } from '../../runtime/budget.ts'
import { replaceInPieces } from '../../runtime/text.ts'
import { Matcher, type Places } from './matcher.ts'
import { type Flags, parsePattern } from './pattern.ts'
import { compilePattern, type Program } from './program.ts'

export interface Match {
  /** The text of the whole match, then of each group; undefined where a group took no part. */
  groups: readonly (string | undefined)[]
  start: number
  end: number
}

/** Compiled patterns that are kept. */
const maxCached = 200
const cache = new Map<string, Program>()

/** A pattern in Python's syntax, ready to be used on texts. Errors: `re.error`. */
export function programOf(budget: Budget, pattern: string, flags: Pick<Flags, 'ignoreCase' | 'multiline'>): Program {
  const key = `${flags.ignoreCase}${flags.multiline}${pattern}`
  const known = cache.get(key)
  if (known !== undefined) return known
  budget.charge(10 + pattern.length)
  const program = compilePattern(parsePattern(pattern, { ...flags, dotAll: false, verbose: false, ascii: false }))
  budget.charge(program.instructions.length)
  if (cache.size >= maxCached) cache.delete(cache.keys().next().value ?? '')
  cache.set(key, program)
  return program
}

function toMatch(text: string, places: Places): Match {
  const groups: (string | undefined)[] = []
  for (let slot = 0; slot < places.length; slot += 2) {
    const [start, end] = [places[slot]!, places[slot + 1]!]
    groups.push(start === -1 || end === -1 ? undefined : text.slice(start, end))
  }
  return { groups, start: places[0]!, end: places[1]! }
}

export function search(budget: Budget, program: Program, text: string, isAnchored = false): Match | undefined {
  const places = new Matcher(budget, program, text).find(0, isAnchored, false)
  return places && toMatch(text, places)
}

/** All matches that do not overlap, up to `limit` of them (0 for all). An empty match may follow another, but not an empty one. */
export function* matches(budget: Budget, program: Program, text: string, limit = 0): Generator<Match, undefined> {
  const matcher = new Matcher(budget, program, text)
  let from = 0
  let mustAdvance = false
  for (let count = 0; limit === 0 || count < limit; count++) {
    const places = matcher.find(from, false, mustAdvance)
    if (places === undefined) return
    budget.list(places.length)
    yield toMatch(text, places)
    from = places[1]!
    mustAdvance = places[0] === places[1]
  }
}

const replacementEscapes: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}

/** Parts of a replacement: texts, and numbers of groups. Errors: `re.error` for bad escapes, `IndexError` for unknown groups. */
export function parseReplacement(program: Program, text: string): (string | number)[] {
  const parts: (string | number)[] = []
  const escapes = /\\(?:g<([^>]*)>|0[0-7]{0,2}|[0-3][0-7]{2}|([1-9]\d?)|(.)|$)/gsu
  let from = 0
  for (const match of text.matchAll(escapes)) {
    parts.push(text.slice(from, match.index))
    from = match.index + match[0].length
    const [whole, name, digits, letter] = match
    if (name !== undefined) parts.push(groupIndex(program, name))
    else if (digits !== undefined) parts.push(groupIndex(program, digits))
    else if (letter === undefined) {
      if (whole === '\\') throw new Raised('re.error', 'bad escape (end of pattern)')
      parts.push(String.fromCharCode(Number.parseInt(whole.slice(1), 8)))
    } else if (Object.hasOwn(replacementEscapes, letter)) parts.push(replacementEscapes[letter]!)
    else if (/[A-Za-z]/.test(letter))
      throw new Raised('re.error', letter === 'g' ? 'missing <' : `bad escape \\${letter}`)
    else parts.push(`\\${letter}`)
  }
  parts.push(text.slice(from))
  return parts
}

/** The number of a group given by number or name. */
export function groupIndex(program: Program, name: string): number {
  const index = /^\d+$/.test(name) ? Number(name) : program.names.get(name)
  if (index === undefined) throw new Raised('IndexError', `unknown group name '${name}'`)
  if (index > program.groups) throw new Raised('re.error', `invalid group reference ${index}`)
  return index
}

export function replaceMatches(
  budget: Budget,
  program: Program,
  text: string,
  replacement: string,
  limit: number,
): string {
  const parts = parseReplacement(program, replacement)
  let result = ''
  let from = 0
  for (const match of matches(budget, program, text, limit)) {
    const piece = parts.map((part) => (typeof part === 'number' ? (match.groups[part] ?? '') : part)).join('')
    budget.charge(1 + parts.length)
    result += text.slice(from, match.start) + piece
    if (result.length > budget.limits.textLength) budget.text(result.length)
    from = match.end
  }
  budget.text(result.length + text.length - from)
  return result + text.slice(from)
}

/** Splits at each match; what groups of the pattern matched stands between the parts. */
export function splitAtMatches(budget: Budget, program: Program, text: string, limit: number): (string | null)[] {
  const parts: (string | null)[] = []
  let from = 0
  for (const match of matches(budget, program, text, limit)) {
    parts.push(text.slice(from, match.start), ...match.groups.slice(1).map((group) => group ?? null))
    from = match.end
  }
  parts.push(text.slice(from))
  return parts
}

/** The text as a pattern that matches only itself, as `re.escape`. */
export function escapePattern(budget: Budget, text: string): string {
  return replaceInPieces(budget, text, /[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, (character) => `\\${character}`)
}
