import { Raised } from '../error.ts'
import type { NativeFunction, NativeParameter, Rendering } from './rendering.ts'
import { isText, plainText } from './text.ts'
import { type CallArguments, Callable, dictEntries, float, isDict, Provided, typeName, Undefined } from './values.ts'

/**
 * Makes a native function of a signature such as `center(value, width=80)`; `, /` at the end means positional only.
 *
 * Signatures are written by us, never by a template.
 */
export function native(signature: string, call: NativeFunction['call']): NativeFunction {
  const match = /^([\w.]+)\((.*)\)$/s.exec(signature)
  if (match === null) throw new Error(`not a signature: ${signature}`)
  const parts = match[2] === '' ? [] : match[2]!.split(/, (?=[\w*/])/)
  const isPositionalOnly = parts.at(-1) === '/'
  const parameters = parts.filter((part) => part !== '/').map(parseParameter)
  return { name: match[1]!, parameters, isPositionalOnly, call }
}

function parseParameter(text: string): NativeParameter {
  const [name, value] = text.split(/=(.*)/s) as [string, string | undefined]
  if (name.startsWith('**')) return { name: name.slice(2), kind: 'named', isRequired: false, default: undefined }
  if (name.startsWith('*')) return { name: name.slice(1), kind: 'rest', isRequired: false, default: undefined }
  return {
    name,
    kind: 'plain',
    isRequired: value === undefined,
    default: value === undefined ? undefined : parseDefault(value),
  }
}

function parseDefault(text: string): unknown {
  if (text === 'none') return null
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^'.*'$/s.test(text)) return text.slice(1, -1)
  return text.includes('.') ? float(Number(text)) : Number(text)
}

/** One value for each parameter. Errors: `TypeError` for missing, surplus, unknown and doubled arguments. */
export function bind(
  fn: NativeFunction,
  positional: readonly unknown[],
  named: ReadonlyMap<string, unknown>,
): unknown[] {
  const { parameters } = fn
  const values: unknown[] = []
  let used = 0
  let usedNamed = 0
  for (const parameter of parameters) {
    if (parameter.kind === 'rest') {
      values.push(positional.slice(used))
      used = positional.length
    } else if (parameter.kind === 'named') {
      values.push(new Map([...named].filter(([name]) => !isPlainParameter(fn, name))))
      usedNamed = named.size
    } else if (used < positional.length) {
      if (named.has(parameter.name) && !fn.isPositionalOnly) {
        throw new Raised('TypeError', `${fn.name}() got multiple values for argument '${parameter.name}'`)
      }
      values.push(positional[used++])
    } else if (named.has(parameter.name) && !fn.isPositionalOnly) {
      values.push(named.get(parameter.name))
      usedNamed += 1
    } else if (parameter.isRequired) {
      throw new Raised('TypeError', `${fn.name}() missing 1 required positional argument: '${parameter.name}'`)
    } else {
      values.push(parameter.default)
    }
  }
  if (used < positional.length) {
    throw new Raised(
      'TypeError',
      `${fn.name}() takes at most ${parameters.length} arguments (${positional.length} given)`,
    )
  }
  if (usedNamed < named.size) throw unexpectedNamed(fn, named)
  return values
}

function isPlainParameter(fn: NativeFunction, name: string): boolean {
  return fn.parameters.some((parameter) => parameter.kind === 'plain' && parameter.name === name)
}

function unexpectedNamed(fn: NativeFunction, named: ReadonlyMap<string, unknown>): Raised {
  if (fn.isPositionalOnly) return new Raised('TypeError', `${fn.name}() takes no keyword arguments`)
  const name = [...named.keys()].find((candidate) => !isPlainParameter(fn, candidate)) ?? ''
  return new Raised('TypeError', `${fn.name}() got an unexpected keyword argument '${name}'`)
}

/** Calls a native function with arguments as a call has them. */
export function callNative(rendering: Rendering, fn: NativeFunction, args: CallArguments): unknown {
  return fn.call(rendering, bind(fn, args.positional, args.named))
}

/** A callable value: a global function, a bound method, a macro. */
export class FunctionValue extends Callable {
  readonly call: (rendering: Rendering, args: CallArguments) => unknown
  constructor(
    typeName: string,
    name: string,
    call: (rendering: Rendering, args: CallArguments) => unknown,
    attributes?: ReadonlyMap<string, unknown>,
  ) {
    super(typeName, name, attributes)
    this.call = call
  }
}

/** Calls any value. Errors: `TypeError` for what can't be called. */
export function callValue(rendering: Rendering, callee: unknown, args: CallArguments): unknown {
  rendering.charge(1)
  if (callee instanceof FunctionValue) return callee.call(rendering, args)
  if (callee instanceof Provided) return callee.call(args)
  if (callee instanceof Undefined) throw callee.failure()
  throw new Raised('TypeError', `'${typeName(callee)}' object is not callable`)
}

/** Applies a filter by its name, as `map('upper')` does. Errors: `TemplateRuntimeError` for an unknown one. */
export function applyFilter(rendering: Rendering, name: string, value: unknown, args: CallArguments): unknown {
  const filter = rendering.settings.library.filters.get(name)
  if (filter === undefined) throw new Raised('TemplateRuntimeError', `No filter named '${name}'.`)
  rendering.charge(1)
  return callNative(rendering, filter, { positional: [value, ...args.positional], named: args.named })
}

/** Applies a test by its name, as `select('odd')` does. Errors: `TemplateRuntimeError` for an unknown one. */
export function applyTest(rendering: Rendering, name: string, value: unknown, args: CallArguments): unknown {
  const test = rendering.settings.library.tests.get(name)
  if (test === undefined) throw new Raised('TemplateRuntimeError', `No test named '${name}'.`)
  rendering.charge(1)
  return callNative(rendering, test, { positional: [value, ...args.positional], named: args.named })
}

// Reading arguments. Native functions get whatever a template passes, so each looks at what it got.

/** An integer argument, booleans being 0 and 1. Errors: `TypeError` for anything else. */
export function integerArgument(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'bigint') throw new Raised('OverflowError', 'Python int too large to convert to C ssize_t')
  throw new Raised('TypeError', `'${typeName(value)}' object cannot be interpreted as an integer`)
}

/** A text argument. Errors: `TypeError` for anything else. */
export function textArgument(value: unknown, what = 'argument'): string {
  if (isText(value)) return plainText(value)
  throw new Raised('TypeError', `${what} must be str, not ${typeName(value)}`)
}

/** The entries of a dict argument, as text keys. */
export function namedFromDict(value: unknown): ReadonlyMap<string, unknown> {
  if (value instanceof Undefined) throw value.failure()
  if (!isDict(value)) throw new Raised('TypeError', `argument after ** must be a mapping, not ${typeName(value)}`)
  const named = new Map<string, unknown>()
  for (const [key, item] of dictEntries(value)) {
    if (!isText(key)) throw new Raised('TypeError', 'keywords must be strings')
    named.set(plainText(key), item)
  }
  return named
}
