import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type Json, type JsonObject, JsonSyntaxError, parseJson, stringifyJson } from '../../../../src/flow/json.ts'
import { call } from '../../api.ts'
import type { TemplateMark } from './editor.ts'
import { withTojson } from './expression.ts'

/** What the server's engine makes of a template: the same engine that answers the sender. */

export interface PreviewAnswer {
  /** Null when there is an error. */
  output: Json
  kind: 'json' | 'text'
  diagnostics: Diagnostic[]
}

export interface Diagnostic {
  severity: 'error' | 'warning'
  message: string
  line: number
  column: number
  suggestion?: string
}

export interface Preview {
  state: 'json' | 'text' | 'error' | 'empty' | 'loading'
  /** What the sender gets, as text. */
  text: string
  problems: (Diagnostic & { fix?: { label: string; template: string } })[]
}

const debounceMs = 180

/** The rendered template, a moment after the last key. */
export function usePreview(template: string, context: JsonObject): Preview {
  const [settled] = useDebouncedValue(template, debounceMs)
  const { data, error } = useQuery({
    queryKey: ['preview', settled, context],
    queryKeyHashFn: ([, text, values]) => stringifyJson(['preview', text as string, values as JsonObject]),
    queryFn: ({ signal }) => preview(settled, context, signal),
    enabled: settled.trim() !== '',
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    gcTime: 30_000,
  })
  if (template.trim() === '') return { state: 'empty', text: 'null', problems: [] }
  if (error)
    return { state: 'error', text: '', problems: [{ severity: 'error', message: error.message, line: 1, column: 1 }] }
  return data ?? { state: 'loading', text: '', problems: [] }
}

async function preview(template: string, context: JsonObject, signal: AbortSignal): Promise<Preview> {
  const answer = await askPreview(template, context, signal)
  const problems = answer.diagnostics.map((each) => withFix(each, template))
  if (problems.some(({ severity }) => severity === 'error')) return { state: 'error', text: '', problems }
  const text = typeof answer.output === 'string' ? answer.output : stringifyJson(answer.output, 2)
  if (answer.kind === 'json') return { state: 'json', text: pretty(text), problems }
  const fault = jsonFault(text)
  if (fault === undefined) return { state: 'text', text, problems }
  const fixed = withTojson(template)
  const repaired = fixed === template ? undefined : await askPreview(fixed, context, signal)
  const notJson: Preview['problems'][number] = {
    severity: 'warning',
    message: `Not valid JSON: ${fault.message}`,
    line: fault.line,
    column: fault.column,
    ...(repaired?.kind === 'json' ? { fix: { label: 'Add | tojson', template: fixed } } : {}),
  }
  return { state: 'text', text, problems: [...problems, notJson] }
}

/** One template, as the server renders it. */
export function askPreview(template: string, context: JsonObject, signal: AbortSignal): Promise<PreviewAnswer> {
  return call<PreviewAnswer>('POST', 'templates/preview', { body: { template, context }, signal })
}

/** A mistyped name is put right where it stands; a place that holds something else is left alone. */
function withFix(diagnostic: Diagnostic, template: string): Preview['problems'][number] {
  const meant = diagnostic.suggestion ?? /did you mean "([^"]+)"/.exec(diagnostic.message)?.[1]
  const written = /["']([A-Za-z_][A-Za-z0-9_]*)["']/.exec(diagnostic.message)?.[1]
  const lines = template.split('\n')
  const line = lines[diagnostic.line - 1] ?? ''
  const tail = line.slice(diagnostic.column - 1)
  if (meant === undefined || written === undefined || !tail.startsWith(written)) return diagnostic
  const fixed = line.slice(0, diagnostic.column - 1) + meant + tail.slice(written.length)
  return { ...diagnostic, fix: { label: `Use ${meant}`, template: lines.with(diagnostic.line - 1, fixed).join('\n') } }
}

/** Why a text that begins like JSON is none; a text that does not begin so is meant as text. */
function jsonFault(text: string): JsonSyntaxError | undefined {
  if (!/^\s*[{["]/.test(text)) return undefined
  try {
    parseJson(text)
    return undefined
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error
    throw error
  }
}

function pretty(text: string): string {
  try {
    return stringifyJson(parseJson(text), 2)
  } catch (error) {
    if (error instanceof JsonSyntaxError) return text // Valid for the server, beyond our limits: shown as it is.
    throw error
  }
}

/** Marks for the editor; only what stands in the template itself, not in its output. */
export function marksOf({ problems }: Preview): TemplateMark[] {
  return problems.filter(({ message }) => !message.startsWith('Not valid JSON'))
}
