import { closestName, locate, TemplateError } from './error.ts'
import { library } from './library/library.ts'
import { wildcardNames } from './library/wildcards.ts'
import { eachChild } from './runtime/scope.ts'
import type { Expression, Statement } from './syntax/ast.ts'
import { normalizeSource } from './syntax/lexer.ts'
import { type ParsedTemplate, parseTemplate } from './syntax/parse-statement.ts'
import { variablesIn } from './variables.ts'

/** Something to tell the author of a template. Lines and columns count from 1. */
export interface Diagnostic {
  severity: 'error' | 'warning'
  message: string
  line: number
  column: number
  endLine?: number
  endColumn?: number
  /** What was probably meant, to be put in the place of the marked text. */
  suggestion?: string
}

export interface DiagnoseOptions {
  /** Names that will be there; without them (and without `context`) no name is reported as unknown. */
  known?: Iterable<string>
  /** A sample of the data: its names are known, and so are the keys below them. */
  context?: Record<string, unknown>
}

/** More than this nobody reads; finding the line of each takes time. */
const maxDiagnostics = 100

/** Looks at a template without rendering it: syntax, unknown filters and tests, unknown names and keys. Never throws for what it reads. */
export function diagnose(source: string, options: DiagnoseOptions = {}): Diagnostic[] {
  let parsed: ParsedTemplate
  try {
    parsed = parseTemplate(source)
  } catch (error) {
    if (error instanceof RangeError)
      return [{ severity: 'error', message: 'the template is nested too deep', line: 1, column: 1 }]
    if (!(error instanceof TemplateError)) throw error
    return [fromError(error, normalizeSource(source))]
  }
  const found: Diagnostic[] = []
  const tell = (
    at: number,
    length: number,
    severity: Diagnostic['severity'],
    message: string,
    suggestion?: string,
  ): void => {
    if (found.length >= maxDiagnostics) return
    const { line, column } = locate({ source: parsed.source, offset: at })
    found.push({
      severity,
      message,
      line,
      column,
      endLine: line,
      endColumn: column + length,
      ...(suggestion !== undefined && { suggestion }),
    })
  }
  eachExpression(parsed.body, (node) => {
    if (node.kind !== 'filter' && node.kind !== 'test') return
    const table = node.kind === 'filter' ? library.filters : library.tests
    if (table.has(node.name)) return
    if (found.length >= maxDiagnostics) return
    const suggestion = closestName(node.name, table.keys())
    tell(node.at, node.name.length, 'error', withHint(`unknown ${node.kind} "${node.name}"`, suggestion), suggestion)
  })
  reportNames(parsed, options, tell)
  return found.sort((a, b) => a.line - b.line || a.column - b.column)
}

type Tell = (at: number, length: number, severity: Diagnostic['severity'], message: string, suggestion?: string) => void

function withHint(message: string, suggestion: string | undefined): string {
  return suggestion === undefined ? message : `${message}: did you mean "${suggestion}"?`
}

function fromError(error: TemplateError, source: string): Diagnostic {
  const { line, column, suggestion, reason } = error
  const text = source.split('\n')[line - 1] ?? ''
  const word = /^(?:[\p{L}\p{N}_]+|\s*\S)/u.exec([...text].slice(column - 1).join(''))?.[0] ?? ' '
  return {
    severity: 'error',
    message: withHint(reason, suggestion),
    line,
    column,
    endLine: line,
    endColumn: column + word.length,
    ...(suggestion !== undefined && { suggestion }),
  }
}

function reportNames(parsed: ParsedTemplate, options: DiagnoseOptions, tell: Tell): void {
  const { context } = options
  if (options.known === undefined && context === undefined) return
  const known = new Set([
    ...(options.known ?? []),
    ...Object.keys(context ?? {}),
    ...library.globals.keys(),
    ...wildcardNames,
    'self',
  ])
  // Looking for what was meant takes time, so no more uses are looked at than can be told.
  let told = 0
  for (const { ref, path, offset } of variablesIn(parsed.body)) {
    if (told >= maxDiagnostics) return
    if (!known.has(ref)) {
      told += 1
      const suggestion = closestName(ref, known)
      tell(offset, ref.length, 'warning', withHint(`unknown name "${ref}"`, suggestion), suggestion)
    } else if (context !== undefined && Object.hasOwn(context, ref)) {
      reportPath(ref, path, context[ref], offset, tell)
    }
  }
}

/** The first key of a path that the sample lacks. Items of lists differ, so nothing is said about what lies below one. */
function reportPath(
  ref: string,
  path: readonly (string | number)[],
  sample: unknown,
  offset: number,
  tell: Tell,
): void {
  let value = sample
  let shown = ref
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || typeof key !== 'string') return
    if (!Object.hasOwn(value, key)) {
      if (library.membersOf(value)?.has(key)) return
      const suggestion = closestName(key, Object.keys(value))
      tell(offset, shown.length, 'warning', withHint(`"${shown}" has no "${key}"`, suggestion), suggestion)
      return
    }
    value = Reflect.get(value, key)
    shown += `.${key}`
  }
}

/** Calls back for every expression of a template. */
function eachExpression(statements: readonly Statement[], visit: (node: Expression) => void): void {
  const walk = (node: Expression | undefined): void => {
    if (node === undefined) return
    visit(node)
    eachChild(node, walk)
  }
  for (const statement of statements) {
    for (const field of ['value', 'test', 'iterable', 'call', 'filter', 'enabled', 'template'] as const) {
      if (field in statement) walk((statement as Partial<Record<typeof field, Expression>>)[field])
    }
    if (statement.kind === 'with') statement.values.forEach(walk)
    if ('parameters' in statement) for (const parameter of statement.parameters) walk(parameter.default)
    if ('body' in statement) eachExpression(statement.body, visit)
    if (statement.kind === 'if') eachExpression(statement.elifs, visit)
    if (statement.kind === 'if' || statement.kind === 'for') eachExpression(statement.otherwise, visit)
  }
}
