import { contains, isEqual, isOrdered, type OrderOperator } from '../runtime/compare.ts'
import { Complex } from '../runtime/complex.ts'
import { isIterable, lengthOf } from '../runtime/iterate.ts'
import { LoopContext } from '../runtime/loop-context.ts'
import { callNative, native } from '../runtime/native.ts'
import { binary } from '../runtime/operators.ts'
import type { NativeFunction } from '../runtime/rendering.ts'
import { isText, plainText, toText } from '../runtime/text.ts'
import {
  Callable,
  comparableKey,
  DictView,
  isDict,
  isFloat,
  isInteger,
  Markup,
  OnceIterator,
  Provided,
  Undefined,
} from '../runtime/values.ts'
import { textMethods } from './members-text.ts'
import { tableOf } from './table.ts'

function simple(name: string, holds: (value: unknown) => boolean): NativeFunction {
  return native(`${name}(value)`, (_, [value]) => holds(value))
}

function ordered(names: readonly string[], operator: OrderOperator): NativeFunction[] {
  return names.map((name) => ({
    ...native('compare(value, other)', (rendering, [value, other]) => isOrdered(rendering, operator, value, other)),
    name,
  }))
}

function equal(names: readonly string[], isWanted: boolean): NativeFunction[] {
  return names.map((name) => ({
    ...native('compare(value, other)', (rendering, [value, other]) => isEqual(rendering, value, other) === isWanted),
    name,
  }))
}

function isCased(name: 'lower' | 'upper'): NativeFunction {
  return native(`${name}(value)`, (rendering, [value]) => {
    const method = textMethods.get(`is${name}`)!
    return callNative(rendering, method, { positional: [toText(rendering, value)], named: new Map() })
  })
}

function isSequence(value: unknown): boolean {
  if (value instanceof LoopContext) return false
  if (value instanceof Undefined) return value.kind !== 'strict'
  if (value instanceof OnceIterator || value instanceof Provided || value instanceof Callable) return false
  // Views have a length, but no items by index.
  if (value instanceof DictView) return false
  return lengthOf(value) !== undefined
}

/** Whether two values are one and the same: equal for what Python keeps only once, else the same object. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (a instanceof Number && b instanceof Number) return false
  return isText(a) && isText(b) && typeof a === typeof b && plainText(a) === plainText(b)
}

const parity = (name: string, remainder: number): NativeFunction =>
  native(`${name}(value)`, (rendering, [value]) => isEqual(rendering, binary(rendering, '%', value, 2), remainder))

/** Jinja2's tests, what stands behind `is`. */
export const tests: ReadonlyMap<string, NativeFunction> = tableOf([
  parity('odd', 1),
  parity('even', 0),
  native('divisibleby(value, num)', (rendering, [value, num]) =>
    isEqual(rendering, binary(rendering, '%', value, num), 0),
  ),
  simple('defined', (value) => !(value instanceof Undefined)),
  simple('undefined', (value) => value instanceof Undefined),
  native('filter(value)', (rendering, [value]) => isNameIn(rendering.settings.library.filters, value)),
  native('test(value)', (rendering, [value]) => isNameIn(rendering.settings.library.tests, value)),
  simple('none', (value) => value === null),
  simple('boolean', (value) => typeof value === 'boolean'),
  simple('false', (value) => value === false),
  simple('true', (value) => value === true),
  simple('integer', isInteger),
  simple('float', isFloat),
  isCased('lower'),
  isCased('upper'),
  simple('string', isText),
  simple('mapping', isDict),
  simple(
    'number',
    (value) => isInteger(value) || isFloat(value) || typeof value === 'boolean' || value instanceof Complex,
  ),
  simple('sequence', isSequence),
  simple('iterable', (value) => {
    if (value instanceof Undefined && value.kind === 'strict') throw value.failure()
    return isIterable(value) || value instanceof LoopContext
  }),
  simple(
    'callable',
    (value) => value instanceof Callable || value instanceof LoopContext || value instanceof Undefined,
  ),
  native('sameas(value, other)', (_, [value, other]) => isSame(value, other)),
  simple('escaped', (value) => value instanceof Markup || (value instanceof Undefined && value.kind === 'chainable')),
  native('in(value, seq)', (rendering, [value, seq]) => contains(rendering, seq, value)),
  ...equal(['==', 'eq', 'equalto'], true),
  ...equal(['!=', 'ne'], false),
  ...ordered(['>', 'gt', 'greaterthan'], '>'),
  ...ordered(['>=', 'ge'], '>='),
  ...ordered(['<', 'lt', 'lessthan'], '<'),
  ...ordered(['<=', 'le'], '<='),
])

function isNameIn(table: ReadonlyMap<string, unknown>, value: unknown): boolean {
  comparableKey(value)
  return isText(value) && table.has(plainText(value))
}
