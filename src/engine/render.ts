import type { FlowProblem } from '../flow/flow.ts'
import { type Json, type JsonObject, setOwn } from '../flow/json.ts'
import {
  type Allowance,
  allowanceOf,
  type BudgetLimits,
  compile,
  flowStepBudget,
  TemplateError,
} from '../jinja/template.ts'
import { StepError } from './step-error.ts'

/** What templates see: the outputs so far by ref, and the other names of spec section 4. Only own properties count. */
export type Frame = Record<string, unknown>

/** A value of a form with its templates compiled, so that rendering costs no parsing. */
export interface CompiledValue {
  /** Without templates it renders to the very value that was saved, which nobody changes. */
  isStatic: boolean
  /**
   * All templates of the value share the budget's work and time: they follow each other without a turn for anybody else.
   * Errors: `StepError` of kind `template` with field, line and column.
   */
  render(frame: Frame, now: () => Date, budget?: Partial<BudgetLimits>, allowance?: Allowance): Json
}

/** Compiles every string inside a value. `field` names it in errors, as `input.url`. */
export function compileValue(source: Json, field: string): CompiledValue {
  if (typeof source === 'string') return compileText(source, field)
  if (typeof source !== 'object' || source === null || source instanceof Number) return fixed(source)
  return Array.isArray(source) ? compileList(source, field) : compileObject(source, field)
}

/** Compiles now; a syntax error is kept and thrown by the first rendering, where it is the step's error. */
export function compileLate(make: () => CompiledValue): CompiledValue {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return {
      isStatic: false,
      render() {
        throw templateFailure(error, 'template')
      },
    }
  }
}

/** What is wrong with the templates inside a value, without rendering them. */
export function templateProblems(source: Json, ref: string, field: string): FlowProblem[] {
  if (typeof source === 'string') {
    try {
      compile(source)
      return []
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      return [{ ref, field, message: error.message, severity: 'incomplete' }]
    }
  }
  if (typeof source !== 'object' || source === null || source instanceof Number) return []
  return Object.entries(source).flatMap(([key, value]) => templateProblems(value, ref, `${field}.${key}`))
}

function fixed(source: Json): CompiledValue {
  return { isStatic: true, render: () => source }
}

function compileText(source: string, field: string): CompiledValue {
  if (!source.includes('{')) return fixed(source)
  const template = compile(source)
  if (template.isStatic) return fixed(source)
  return {
    isStatic: false,
    render(frame, now, budget = flowStepBudget, allowance = allowanceOf(budget)) {
      try {
        return template.evaluate(frame, { now, budget, allowance }) as Json
      } catch (error) {
        throw templateFailure(error, field)
      }
    },
  }
}

function compileList(source: readonly Json[], field: string): CompiledValue {
  const items = source.map((item, index) => compileValue(item, `${field}.${index}`))
  if (items.every((item) => item.isStatic)) return fixed([...source])
  return {
    isStatic: false,
    render: (frame, now, budget = flowStepBudget, allowance = allowanceOf(budget)) =>
      items.map((item) => item.render(frame, now, budget, allowance)),
  }
}

function compileObject(source: JsonObject, field: string): CompiledValue {
  const members = Object.entries(source).map(([key, value]) => [key, compileValue(value, `${field}.${key}`)] as const)
  if (members.every(([, value]) => value.isStatic)) return fixed(source)
  return {
    isStatic: false,
    render(frame, now, budget = flowStepBudget, allowance = allowanceOf(budget)) {
      const rendered: JsonObject = {}
      for (const [key, value] of members) setOwn(rendered, key, value.render(frame, now, budget, allowance))
      return rendered
    },
  }
}

function templateFailure(error: unknown, field: string): unknown {
  if (!(error instanceof TemplateError)) return error
  return new StepError('template', error.message, {
    details: { field, line: error.line, column: error.column },
    cause: error,
  })
}
