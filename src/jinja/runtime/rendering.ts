import { closestName, Raised } from '../error.ts'
import { type Allowance, Budget, type BudgetLimits, limitReached } from './budget.ts'
import { quote } from './text.ts'
import { Dict, isPlainObject, MISSING, objectTypeName, Undefined, type UndefinedKind } from './values.ts'

export interface NativeParameter {
  name: string
  /** `rest` takes the further positional arguments as a list, `named` the further named ones as a map. */
  kind: 'plain' | 'rest' | 'named'
  isRequired: boolean
  default: unknown
}

/** A function of the library: its signature as data, so that calls are bound as Python binds them and the manual can show it. */
export interface NativeFunction {
  name: string
  parameters: readonly NativeParameter[]
  /** Methods of Python's own types take no named arguments, most of them. */
  isPositionalOnly: boolean
  /** Gets one value for each parameter. */
  call: (rendering: Rendering, args: readonly unknown[]) => unknown
}

/** A method, or an attribute that is read without a call. */
export type Member = NativeFunction | ((rendering: Rendering, value: unknown) => unknown)

/** Everything a template can reach by name: handed in, so that the runtime knows no single function. */
export interface Library {
  filters: ReadonlyMap<string, NativeFunction>
  tests: ReadonlyMap<string, NativeFunction>
  globals: ReadonlyMap<string, unknown>
  /** The methods and attributes of a value's type. */
  membersOf(value: unknown): ReadonlyMap<string, Member> | undefined
  /** The value of a wildcard such as `date`, or `MISSING`. */
  wildcard(name: string, now: () => Date): unknown
}

/** The world of one rendering, handed in by the caller. */
export interface RenderingSettings {
  library: Library
  undefinedKind: UndefinedKind
  globals: Record<string, unknown> | undefined
  now: () => Date
  random: () => number
}

/** Says that the template wants to change data that isn't its own; the rendering then starts again on copies. */
export class CopyNeeded extends Error {}

/** The state of one rendering: what it may cost, what it looks names up in, what it has written. */
export class Rendering extends Budget {
  readonly context: Record<string, unknown>
  readonly settings: RenderingSettings
  /** Where in the source the runtime is, for the error that may come. */
  at = 0
  /** What has been written so far, of the template or of the block whose text is being captured. */
  out = ''
  /** Whether printed values are escaped for HTML. */
  escapes = false
  /** Names set at the top level, which blocks see. */
  exported: Map<string, unknown> | undefined
  /**
   * Copies of the context's values, once the template changes any. Data belongs to the caller: a template that appends
   * to a list of it works on a copy that lasts as long as the rendering.
   */
  copies: Map<string, unknown> | undefined
  /** Lists that the template wrote itself, and so may change. Kept only for templates that name a changing method. */
  owned: WeakSet<object> | undefined

  constructor(
    context: Record<string, unknown>,
    limits: BudgetLimits,
    settings: RenderingSettings,
    allowance?: Allowance,
  ) {
    super(limits, allowance)
    this.context = context
    this.settings = settings
  }

  write(text: string): void {
    this.out += text
    if (this.out.length > this.limits.outputBytes) throw limitReached('output in bytes', this.limits.outputBytes)
  }

  /** The context's value of a name, or `MISSING`. */
  lookUp(name: string): unknown {
    const { context } = this
    if (!Object.hasOwn(context, name)) return MISSING
    const value = context[name]
    if (value === undefined) return MISSING
    return this.copies === undefined ? value : this.#copied(name, value)
  }

  /** What a name means inside a block, or `MISSING`: what the top level has set comes first. */
  resolveInBlock(name: string): unknown {
    const exported = this.exported?.get(name)
    return exported !== undefined && exported !== MISSING ? exported : this.resolve(name)
  }

  /** What a name means that the template has not set, or `MISSING`: the context comes first, wildcards come last. */
  resolve(name: string): unknown {
    const value = this.lookUp(name)
    if (value !== MISSING) return value
    const { globals, library, now } = this.settings
    if (globals !== undefined && Object.hasOwn(globals, name)) return globals[name]
    const known = library.globals.get(name)
    return known === undefined ? library.wildcard(name, now) : known
  }

  #copied(name: string, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    const known = this.copies!.get(name)
    if (known !== undefined) return known
    const copy = copyData(this, value, 0)
    this.copies!.set(name, copy)
    return copy
  }

  /** Must be called before a list or dict is changed. */
  ensureOwn(value: object): void {
    if (value instanceof Dict || this.copies !== undefined || this.owned?.has(value)) return
    throw new CopyNeeded()
  }

  undefinedName(name: string): Undefined {
    return this.#undefined(() => {
      const known = [...Object.keys(this.context), ...this.settings.library.globals.keys()]
      return new Raised('UndefinedError', `${quote(name)} is undefined`, closestName(name, known))
    })
  }

  undefinedMember(of: unknown, key: unknown): Undefined {
    return this.#undefined(() => {
      const typeOf = objectTypeName(of)
      if (typeof key !== 'string') {
        return new Raised(
          'UndefinedError',
          `${typeOf} has no element ${typeof key === 'number' ? key : objectTypeName(key)}`,
        )
      }
      const members = this.settings.library.membersOf(of)?.keys() ?? []
      const known = [...(isPlainObject(of) ? Object.keys(of) : []), ...members]
      return new Raised('UndefinedError', `'${typeOf}' has no attribute ${quote(key)}`, closestName(key, known))
    })
  }

  undefinedBecause(reason: string, pythonType = 'UndefinedError'): Undefined {
    return this.#undefined(() => new Raised(pythonType, reason))
  }

  #undefined(failure: () => Raised): Undefined {
    return new Undefined(this.settings.undefinedKind, failure)
  }
}

/** Deepest data that is copied; JSON that arrives is never deeper than 128. */
const maxCopyDepth = 200

function copyData(budget: Budget, value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxCopyDepth) throw new Raised('RecursionError', 'data nested too deep to be changed')
  if (Array.isArray(value)) {
    budget.list(value.length)
    return value.map((item) => copyData(budget, item, depth + 1))
  }
  if (!isPlainObject(value)) return value
  const copy = new Dict()
  const keys = Object.keys(value)
  budget.list(keys.length * 2)
  for (const key of keys) copy.set(key, copyData(budget, value[key], depth + 1))
  return copy
}
