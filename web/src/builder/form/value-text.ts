import { type Json, JsonSyntaxError, parseJson, stringifyJson } from '../../../../src/flow/json.ts'

/** Values as the text of a field, and back. */

export function textFrom(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : stringifyJson(value, 2)
}

/** A number if the text is one, every digit kept; else the text, which may be a template. */
export function numberFrom(text: string): Json {
  return /^\s*-?\d+(\.\d+)?\s*$/.test(text) ? valueFrom(text) : text
}

/** What reads as JSON is that value; anything else is text. Quotes make a text of what would be a number. */
export function valueFrom(text: string): Json {
  const trimmed = text.trim()
  if (!/^([[{"]|-?\d|true$|false$|null$)/.test(trimmed)) return text
  try {
    return parseJson(trimmed)
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof RangeError) return text // Text that only begins like JSON.
    throw error
  }
}
