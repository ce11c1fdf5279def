import { TemplateError } from './error.ts'
import type { BudgetLimits } from './runtime/budget.ts'

export { TemplateError, type TemplateErrorKind } from './error.ts'
export { type BudgetLimits, flowStepBudget, webhookAnswerBudget } from './runtime/budget.ts'

/** How names that don't exist behave: `default` prints nothing, `strict` raises, `chainable` prints nothing at any depth. */
export type UndefinedKind = 'default' | 'strict' | 'chainable'

/** Settings of the language itself, as Jinja2's environment has them. */
export interface CompileOptions {
  trim_blocks?: boolean
  lstrip_blocks?: boolean
  keep_trailing_newline?: boolean
  autoescape?: boolean
  undefined?: UndefinedKind
}

export interface RenderOptions {
  now?: () => Date
  budget?: Partial<BudgetLimits>
  undefined?: UndefinedKind
  globals?: Record<string, unknown>
  random?: () => number
}

export interface Template {
  readonly source: string
  readonly isExpression: boolean
  readonly isStatic: boolean
  readonly variables: readonly string[]
  render(context: Record<string, unknown>, options?: RenderOptions): string
  evaluate(context: Record<string, unknown>, options?: RenderOptions): unknown
}

export interface VariableUse {
  ref: string
  path: readonly (string | number)[]
}

export interface Diagnostic {
  severity: 'error' | 'warning'
  message: string
  line: number
  column: number
  endLine?: number
  endColumn?: number
  suggestion?: string
}

export function compile(source: string, _options?: CompileOptions): Template {
  return {
    source,
    isExpression: false,
    isStatic: !/\{[{%#]/.test(source),
    variables: [],
    render: (context) =>
      source.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, path: string) => {
        let value: unknown = context
        for (const part of path.split('.'))
          value = typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? Reflect.get(value, part) : ''
        return String(value)
      }),
    evaluate: () => {
      throw new TemplateError('runtime', 'NotImplementedError', 'not built yet', { source, offset: 0 })
    },
  }
}
export function render(source: string, context: Record<string, unknown>, options?: RenderOptions): string {
  return compile(source).render(context, options)
}
export function evaluate(source: string, context: Record<string, unknown>, options?: RenderOptions): unknown {
  return compile(source).evaluate(context, options)
}
export function variablesOf(_source: string): VariableUse[] {
  return []
}
export function diagnose(_source: string, _options?: { known?: readonly string[] }): Diagnostic[] {
  return []
}
