import { Raised, TemplateError, type TemplateErrorKind } from './error.ts'
import { library } from './library/library.ts'
import { type Allowance, type BudgetLimits, flowStepBudget } from './runtime/budget.ts'
import { compileSingleExpression, compileTemplate } from './runtime/compile-statement.ts'
import type { TemplateCompilation } from './runtime/execution.ts'
import { TemplateReference } from './runtime/provided.ts'
import { CopyNeeded, Rendering, type RenderingSettings } from './runtime/rendering.ts'
import { toJson } from './runtime/to-json.ts'
import type { UndefinedKind } from './runtime/values.ts'
import type { Expression, Statement } from './syntax/ast.ts'
import { type ParsedTemplate, parseTemplate } from './syntax/parse-statement.ts'
import { variablesIn } from './variables.ts'

export { type DiagnoseOptions, type Diagnostic, diagnose } from './diagnose.ts'
export { TemplateError, type TemplateErrorKind } from './error.ts'
export {
  type Allowance,
  allowanceOf,
  type BudgetLimits,
  flowStepBudget,
  webhookAnswerBudget,
} from './runtime/budget.ts'
export type { UndefinedKind } from './runtime/values.ts'
export { type VariableUse, variablesOf } from './variables.ts'

/** Settings of the language, as Python's `Environment` has them. */
export interface CompileOptions {
  /** A line break right behind a block tag is dropped. */
  trim_blocks?: boolean
  /** White space before a block tag is dropped if there is nothing else on the line. */
  lstrip_blocks?: boolean
  /** The last line break of the source is kept. */
  keep_trailing_newline?: boolean
  /** Printed values are escaped for HTML. */
  autoescape?: boolean
  undefined?: UndefinedKind
}

/** The world of one rendering. */
export interface RenderOptions {
  /** The clock behind the wildcards such as `{{ date }}`. */
  now?: () => Date
  /** What the rendering may cost; what isn't given is as in `flowStepBudget`. */
  budget?: Partial<BudgetLimits>
  /** Work and time that renderings share; `allowanceOf` makes one of their budget. */
  allowance?: Allowance
  /** How names that don't exist behave; wins over the same setting at compile time. */
  undefined?: UndefinedKind
  /** Further names, which the context's own names hide. */
  globals?: Record<string, unknown>
  /** Gives numbers from 0 up to 1, for `random`, `lipsum` and `uuid()`. */
  random?: () => number
}

/** A template, ready to be rendered any number of times. */
export interface Template {
  readonly source: string
  /** Whether the source is exactly one `{{ expression }}`; with anything around it, a blank even, it is text. */
  readonly isExpression: boolean
  /** Whether the source has no template syntax at all. */
  readonly isStatic: boolean
  /** Names that the template reads from the context. */
  readonly variables: readonly string[]
  /** The template's text. The context is never changed. Errors: `TemplateError`. */
  render(context: Record<string, unknown>, options?: RenderOptions): string
  /** The value of a template that is one expression, as JSON; the text of any other. Errors: `TemplateError`. */
  evaluate(context: Record<string, unknown>, options?: RenderOptions): unknown
}

/** Compiled templates that are kept, by their source. */
const maxCached = 1000
/** Longer sources are compiled each time rather than kept. */
const maxCachedLength = 20_000
const caches = new Map<string, Map<string, Template>>()

/**
 * Reads a template. The last thousand are kept, so compiling the same source again costs next to nothing.
 *
 * Errors: `TemplateError` of kind `syntax`, or `limit` for a source that is too long or nested too deep.
 */
export function compile(source: string, options: CompileOptions = {}): Template {
  const settings = `${options.trim_blocks}${options.lstrip_blocks}${options.keep_trailing_newline}${options.autoescape}${options.undefined}`
  let cache = caches.get(settings)
  if (cache === undefined) {
    cache = new Map()
    caches.set(settings, cache)
  }
  const known = cache.get(source)
  if (known !== undefined) return known
  const template = new CompiledTemplate(source, options)
  if (source.length <= maxCachedLength) {
    // The oldest goes first: a `Map` keeps the order in which its keys came.
    if (cache.size >= maxCached) cache.delete(cache.keys().next().value ?? '')
    cache.set(source, template)
  }
  return template
}

/** The text of a template; see `compile` and `Template.render`. */
export function render(source: string, context: Record<string, unknown>, options?: RenderOptions): string {
  return compile(source).render(context, options)
}

/** The value of a template that is one expression, else its text; see `Template.evaluate`. */
export function evaluate(source: string, context: Record<string, unknown>, options?: RenderOptions): unknown {
  return compile(source).evaluate(context, options)
}

/** Names of methods that change a list or dict. A template without any of them needs no note of the lists it writes. */
const changingMethod = /\b(?:append|clear|extend|insert|pop|remove|reverse|sort|setdefault|update)\b/

class CompiledTemplate implements Template {
  readonly source: string
  readonly isExpression: boolean
  readonly isStatic: boolean
  readonly #parsed: ParsedTemplate
  readonly #undefined: UndefinedKind
  readonly #escapes: boolean
  readonly #mayChangeLists: boolean
  readonly #run: (rendering: Rendering) => void
  readonly #value: ((rendering: Rendering) => unknown) | undefined
  #variables: readonly string[] | undefined
  /** Whether a rendering has shown that the template changes its data: from then on it gets copies at once. */
  #needsCopies = false

  constructor(source: string, options: CompileOptions) {
    this.source = source
    this.#undefined = options.undefined ?? 'default'
    this.#escapes = options.autoescape === true
    this.#mayChangeLists = changingMethod.test(source)
    try {
      this.#parsed = parseTemplate(source, options)
      const { body } = this.#parsed
      const blocks: TemplateCompilation['blocks'] = new Map()
      const compilation = {
        source: this.#parsed.source,
        library,
        self: new TemplateReference(blocks),
        blocks,
        escapes: this.#escapes,
      }
      const expression = onlyExpression(body)
      this.isExpression = expression !== undefined
      this.isStatic = body.every((statement) => statement.kind === 'text') && !/\{[{%#]/.test(source)
      this.#run = compileTemplate(compilation, body)
      this.#value = expression && compileSingleExpression(compilation, expression)
    } catch (error) {
      throw asTemplateError(error, { source, offset: 0 })
    }
  }

  get variables(): readonly string[] {
    this.#variables ??= [...new Set(variablesIn(this.#parsed.body).map((use) => use.ref))]
    return this.#variables
  }

  render(context: Record<string, unknown>, options: RenderOptions = {}): string {
    return this.#attempt(context, options, (rendering) => {
      this.#run(rendering)
      checkBytes(rendering)
      return rendering.out
    })
  }

  evaluate(context: Record<string, unknown>, options: RenderOptions = {}): unknown {
    const value = this.#value
    if (value === undefined) return this.render(context, options)
    return this.#attempt(context, options, (rendering) => toJson(rendering, value(rendering)))
  }

  #attempt<T>(context: Record<string, unknown>, options: RenderOptions, work: (rendering: Rendering) => T): T {
    const rendering = this.#rendering(context, options)
    try {
      return work(rendering)
    } catch (error) {
      if (error instanceof CopyNeeded && !this.#needsCopies) {
        this.#needsCopies = true
        return this.#attempt(context, options, work)
      }
      throw asTemplateError(error, { source: this.#parsed.source, offset: rendering.at })
    } finally {
      rendering.settle()
    }
  }

  #rendering(context: Record<string, unknown>, options: RenderOptions): Rendering {
    const settings: RenderingSettings = {
      library,
      undefinedKind: options.undefined ?? this.#undefined,
      globals: options.globals,
      now: options.now ?? currentTime,
      random: options.random ?? secureRandom,
    }
    const limits = options.budget === undefined ? flowStepBudget : { ...flowStepBudget, ...options.budget }
    const rendering = new Rendering(context, limits, settings, options.allowance)
    rendering.escapes = this.#escapes
    if (this.#mayChangeLists) rendering.owned = new WeakSet()
    if (this.#needsCopies) rendering.copies = new Map()
    return rendering
  }
}

/** Renderings without a clock of their own take the host's. */
function currentTime(): Date {
  return new Date()
}

function secureRandom(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32
}

function onlyExpression(body: readonly Statement[]): Expression | undefined {
  const [only] = body
  return body.length === 1 && only?.kind === 'print' ? only.value : undefined
}

/** Characters outside ASCII take up to three bytes for each UTF-16 unit, so most outputs need no counting. */
function checkBytes(rendering: Rendering): void {
  const { out, limits } = rendering
  if (out.length * 3 > limits.outputBytes && new TextEncoder().encode(out).length > limits.outputBytes) {
    throw new Raised(
      'TemplateLimitError',
      `the template needs more than it may: output in bytes (the limit is ${limits.outputBytes})`,
    )
  }
}

const limitTypes = new Set(['TemplateLimitError', 'RecursionError', 'MemoryError'])

function kindOf(pythonType: string): TemplateErrorKind {
  if (limitTypes.has(pythonType)) return 'limit'
  return pythonType === 'SecurityError' ? 'security' : 'runtime'
}

/** Anything thrown while compiling or rendering, as the error callers know. What is no failure of the template passes unchanged. */
function asTemplateError(error: unknown, place: { source: string; offset: number }): unknown {
  if (error instanceof Raised) {
    const { pythonType, message, suggestion } = error
    return new TemplateError(kindOf(pythonType), pythonType, message, place, { cause: error, suggestion })
  }
  if (error instanceof RangeError) {
    // The host's own limits: its stack, its longest string.
    return new TemplateError(
      'limit',
      'RecursionError',
      'the template is nested too deep or makes something too large',
      place,
      { cause: error },
    )
  }
  return error
}
