import { Raised } from '../error.ts'
import type { Budget } from '../runtime/budget.ts'
import { characters, textLength } from '../runtime/text.ts'
import { trimEndPython } from '../syntax/characters.ts'

/**
 * One line broken into lines of at most `width` characters, as Python's `textwrap.wrap` does it without expanding tabs
 * or replacing white space. Linear in the length of the line. Errors: `ValueError` for a width that is not positive.
 */
export function wrapLine(
  budget: Budget,
  line: string,
  width: number,
  breaksLongWords: boolean,
  breaksOnHyphens: boolean,
): string[] {
  if (width <= 0) throw new Raised('ValueError', `invalid width ${width} (must be > 0)`)
  budget.text(line.length)
  budget.charge(8 + (line.length >> 2))
  const chunks = splitChunks(line, breaksOnHyphens).reverse()
  budget.list(chunks.length * 2)
  const lines: string[] = []
  while (chunks.length > 0) {
    if (lines.length > 0 && isBlank(chunks.at(-1)!)) chunks.pop()
    const current = fillLine(budget, chunks, width, breaksLongWords, breaksOnHyphens)
    const last = current.at(-1)
    if (last !== undefined && isBlank(last)) current.pop()
    if (current.length > 0) lines.push(current.join(''))
    budget.list(2)
    budget.charge(16)
  }
  return lines
}

/** Takes as many chunks as fit (and a piece of one that fits nowhere) off the end of the list. */
function fillLine(
  budget: Budget,
  chunks: string[],
  width: number,
  breaksLongWords: boolean,
  breaksOnHyphens: boolean,
): string[] {
  const current: string[] = []
  let length = 0
  while (chunks.length > 0) {
    const chunk = chunks.at(-1)!
    if (isLonger(chunk, width - length)) break
    current.push(chunk)
    chunks.pop()
    length += textLength(chunk)
  }
  const next = chunks.at(-1)
  if (next === undefined || !isLonger(next, width)) return current
  if (!breaksLongWords) {
    if (current.length === 0) current.push(chunks.pop()!)
    return current
  }
  // Nothing may be left of the line; then the word starts the next one, but the white space before it stays.
  const room = width - length
  const [head, rest] = breakChunk(next, room, breaksOnHyphens)
  budget.charge(1 + (head.length >> 4))
  current.push(head)
  chunks.pop()
  if (rest !== '') chunks.push(rest)
  return current
}

/** Whether a text has more characters than that; long ones are not counted through. */
function isLonger(text: string, limit: number): boolean {
  return text.length > limit && (text.length > limit * 2 || textLength(text) > limit)
}

/** Breaks a long word, at a hyphen if there is one early enough. */
function breakChunk(chunk: string, room: number, breaksOnHyphens: boolean): [string, string] {
  const hasPairs = /[\ud800-\udfff]/.test(chunk.slice(0, room * 2))
  const head = hasPairs
    ? characters(chunk.slice(0, room * 2))
        .slice(0, room)
        .join('')
    : chunk.slice(0, room)
  if (breaksOnHyphens && isLonger(chunk, room)) {
    const hyphen = head.lastIndexOf('-')
    if (hyphen > 0 && /[^-]/.test(head.slice(0, hyphen))) return [head.slice(0, hyphen + 1), chunk.slice(hyphen + 1)]
  }
  return [head, chunk.slice(head.length)]
}

// textwrap's classes: white space is ASCII only, a letter is a word character that is no digit.
const blank = '[\\t\\n\\x0b\\x0c\\r ]'
const notBlank = '[^\\t\\n\\x0b\\x0c\\r ]'
const wordOrPunctuation = '[\\p{L}\\p{N}_!"\'&.,?]'
const letter = '[\\p{L}\\p{Nl}\\p{No}_]'

/**
 * A chunk: a run of white space, a dash between words, or a word up to white space, a dash, or a hyphen between letters.
 *
 * Words are matched lazily up to what may follow them, so each is walked once.
 */
const chunkWithHyphens = new RegExp(
  `${blank}+|(?<=${wordOrPunctuation})-{2,}(?=[\\p{L}\\p{N}_])|${notBlank}+?(?:-(?:(?<=${letter}{2}-)|(?<=${letter}-${wordOrPunctuation}-))(?=${letter}-?${letter})|(?=${blank}|$)|(?<=${wordOrPunctuation})(?=-{2,}[\\p{L}\\p{N}_]))`,
  'gu',
)
const chunkWithoutHyphens = new RegExp(`${blank}+|${notBlank}+`, 'gu')

function splitChunks(line: string, breaksOnHyphens: boolean): string[] {
  return line.match(breaksOnHyphens ? chunkWithHyphens : chunkWithoutHyphens) ?? []
}

function isBlank(chunk: string): boolean {
  return trimEndPython(chunk) === ''
}
