import { Raised } from '../error.ts'
import { characters, textLength } from '../runtime/text.ts'
import { isInteger } from '../runtime/values.ts'

/** A slice bound as `find` and `startswith` take it: an integer or none. */
function bound(value: unknown, length: number, fallback: number): number {
  if (value === null || value === undefined) return fallback
  if (!isInteger(value) && typeof value !== 'boolean') {
    throw new Raised('TypeError', 'slice indices must be integers or None or have an __index__ method')
  }
  const place = Number(value)
  return place < 0 ? Math.max(0, place + length) : place
}

/** The part of a text that is searched, and where it starts in characters; undefined if there is no such part. */
export function searchedPart(text: string, start: unknown, end: unknown): { part: string; offset: number } | undefined {
  if (start === null && end === null) return { part: text, offset: 0 }
  const length = textLength(text)
  const from = bound(start, length, 0)
  const to = Math.min(bound(end, length, length), length)
  if (from > length || from > to) return undefined
  return {
    part: length === text.length ? text.slice(from, to) : characters(text).slice(from, to).join(''),
    offset: from,
  }
}

/** Where a text first (or last) occurs, counted in characters, or -1. */
export function findText(text: string, wanted: string, start: unknown, end: unknown, last: boolean): number {
  const searched = searchedPart(text, start, end)
  if (searched === undefined) return -1
  const at = last ? searched.part.lastIndexOf(wanted) : searched.part.indexOf(wanted)
  return at === -1 ? -1 : textLength(searched.part.slice(0, at)) + searched.offset
}

/** How often a text occurs without overlapping itself; the empty text occurs around every character. */
export function countText(text: string, wanted: string): number {
  if (wanted === '') return textLength(text) + 1
  let count = 0
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + wanted.length)) count += 1
  return count
}

/** Splits at a separator at most `limit` times (unlimited if negative). Errors: `ValueError` for an empty separator. */
export function splitText(text: string, separator: string, limit: number): string[] {
  if (separator === '') throw new Raised('ValueError', 'empty separator')
  if (limit < 0) return text.split(separator)
  const parts: string[] = []
  let from = 0
  for (let at = text.indexOf(separator); at !== -1 && parts.length < limit; at = text.indexOf(separator, from)) {
    parts.push(text.slice(from, at))
    from = at + separator.length
  }
  parts.push(text.slice(from))
  return parts
}

/** As `splitText`, from the end. */
export function splitTextFromEnd(text: string, separator: string, limit: number): string[] {
  if (limit < 0) return splitText(text, separator, -1)
  if (separator === '') throw new Raised('ValueError', 'empty separator')
  const parts: string[] = []
  let to = text.length
  while (parts.length < limit) {
    const at = to < separator.length ? -1 : text.lastIndexOf(separator, to - separator.length)
    if (at === -1) break
    parts.push(text.slice(at + separator.length, to))
    to = at
  }
  parts.push(text.slice(0, to))
  return parts.reverse()
}

/** Python's `str.replace`: an empty text is found between all characters. */
export function replaceText(text: string, wanted: string, replacement: string, limit: number): string {
  if (limit === 0) return text
  if (wanted === '') {
    const parts = characters(text)
    const most = limit < 0 ? parts.length + 1 : limit
    let result = ''
    for (const [index, part] of parts.entries()) result += (index < most ? replacement : '') + part
    return result + (parts.length < most ? replacement : '')
  }
  return splitText(text, wanted, limit).join(replacement)
}

/** Longest result `replaceText` can have, for the budget. */
export function replacedLength(text: string, wanted: string, replacement: string): number {
  if (replacement.length <= wanted.length) return text.length
  return text.length + countText(text, wanted) * (replacement.length - wanted.length)
}

export function trimText(
  text: string,
  chars: string | undefined,
  side: 'start' | 'end' | 'both',
  isSpace: (code: number) => boolean,
): string {
  const parts = chars === undefined ? undefined : new Set(characters(chars))
  const units = parts === undefined ? undefined : characters(text)
  if (parts === undefined || units === undefined) {
    let from = 0
    let to = text.length
    if (side !== 'end') while (from < to && isSpace(text.charCodeAt(from))) from += 1
    if (side !== 'start') while (to > from && isSpace(text.charCodeAt(to - 1))) to -= 1
    return text.slice(from, to)
  }
  let from = 0
  let to = units.length
  if (side !== 'end') while (from < to && parts.has(units[from]!)) from += 1
  if (side !== 'start') while (to > from && parts.has(units[to - 1]!)) to -= 1
  return units.slice(from, to).join('')
}
