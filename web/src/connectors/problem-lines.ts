import { isJsonObject, type Json, JsonSyntaxError, parseJson } from '../../../src/flow/json.ts'

/** Where in a JSON text a problem lies, so that an author is led to the line. Pure. */

export interface Problem {
  /** Dotted, as `actions.0.name`; empty for the document as a whole. */
  path: string
  message: string
  line: number
}

export type Reading = { ok: true; value: Json } | { ok: false; problem: Problem; column: number }

export function readDocument(text: string): Reading {
  try {
    return { ok: true, value: parseJson(text) }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return { ok: false, problem: { path: '', message: error.message, line: error.line }, column: error.column }
  }
}

/** Whether a file means to be an OpenAPI document, as JSON or YAML; everything else is taken for a connector. */
export function looksLikeOpenApi(text: string): boolean {
  const reading = readDocument(text)
  if (reading.ok) return isJsonObject(reading.value) && ('openapi' in reading.value || 'swagger' in reading.value)
  return /^(\s*\{\s*)?["']?(openapi|swagger)["']?\s*:/m.test(text)
}

/** Problems with the lines they stand in; what is missing is shown where it would have to be. */
export function placeProblems(text: string, problems: readonly { path: string; message: string }[]): Problem[] {
  const lines = linesOf(text)
  return problems.map(({ path, message }) => {
    const parts = path === '' ? [] : path.split('.')
    let line: number | undefined
    for (let length = parts.length; line === undefined && length >= 0; length--) {
      line = lines.get(parts.slice(0, length).join('.'))
    }
    return { path, message, line: line ?? 1 }
  })
}

/** The line in which each value begins, by dotted path. Reads only text that has been parsed before. */
function linesOf(text: string): Map<string, number> {
  const found = new Map<string, number>([['', 1]])
  const open: { list: boolean; index: number; key: string }[] = []
  const here = () => open.map(({ list, index, key }) => (list ? String(index) : key)).join('.')
  let line = 1
  let awaitsKey = false
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]
    if (letter === '\n') line += 1
    else if (letter === '{' || letter === '[') {
      open.push({ list: letter === '[', index: 0, key: '' })
      awaitsKey = letter === '{'
      if (letter === '[') found.set(here(), line)
    } else if (letter === '}' || letter === ']') {
      open.pop()
      awaitsKey = false
    } else if (letter === ',') {
      const inner = open.at(-1)
      if (inner?.list) {
        inner.index += 1
        found.set(here(), lineOfNext(text, at + 1, line))
      }
      awaitsKey = inner?.list === false
    } else if (letter === '"') {
      const end = endOfString(text, at)
      const inner = open.at(-1)
      if (awaitsKey && inner) {
        inner.key = String(JSON.parse(text.slice(at, end + 1)))
        found.set(here(), line)
        awaitsKey = false
      }
      at = end
    }
  }
  return found
}

function lineOfNext(text: string, from: number, line: number): number {
  const gap = /^\s*/.exec(text.slice(from, from + 2_000))?.[0] ?? ''
  return line + gap.split('\n').length - 1
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') return at
  }
  return text.length
}
