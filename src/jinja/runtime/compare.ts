import { Raised } from '../error.ts'
import type { Budget } from './budget.ts'
import { itemsOf, lengthOf } from './iterate.ts'
import { type Numeric, numeric } from './numbers.ts'
import { compareText, isText, plainText } from './text.ts'
import {
  Bytes,
  Callable,
  type Dict,
  DictView,
  dictEntries,
  dictGet,
  dictSize,
  isDict,
  MISSING,
  OnceIterator,
  Provided,
  Range,
  Tuple,
  typeName,
  Undefined,
} from './values.ts'

/** Python's `bool(value)`. */
export function isTruthy(value: unknown): boolean {
  switch (typeof value) {
    case 'boolean':
      return value
    case 'string':
      return value !== ''
    case 'number':
      // NaN is true in Python.
      return value !== 0
    case 'bigint':
      return value !== 0n
    case 'undefined':
      return false
  }
  if (value === null) return false
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Number) return value.valueOf() !== 0
  if (value instanceof Undefined) {
    if (value.kind === 'strict') throw value.failure()
    return false
  }
  if (value instanceof Callable || value instanceof OnceIterator || value instanceof Provided) return true
  return lengthOf(value) !== 0
}

/** Python's `a == b`. */
export function isEqual(budget: Budget, a: unknown, b: unknown): boolean {
  if (a === b && !(a instanceof Undefined)) return true
  if (typeof a === 'string' && typeof b === 'string') return false
  budget.charge(1)
  if (a instanceof Undefined || b instanceof Undefined) {
    for (const side of [a, b]) if (side instanceof Undefined && side.kind === 'strict') throw side.failure()
    return a instanceof Undefined && b instanceof Undefined
  }
  const [left, right] = [numeric(a), numeric(b)]
  if (left !== undefined || right !== undefined) {
    return left !== undefined && right !== undefined && compareNumbers(left, right) === 0
  }
  if (isText(a)) return isText(b) && plainText(a) === plainText(b)
  if (Array.isArray(a)) return Array.isArray(b) && areItemsEqual(budget, a, b)
  if (a instanceof Tuple) return b instanceof Tuple && areItemsEqual(budget, a.items, b.items)
  if (isDict(a)) return isDict(b) && areDictsEqual(budget, a, b)
  if (a instanceof Range && b instanceof Range) {
    return a.length === b.length && (a.length === 0 || (a.start === b.start && (a.length === 1 || a.step === b.step)))
  }
  if (a instanceof Bytes && b instanceof Bytes)
    return a.data.length === b.data.length && a.data.every((byte, at) => byte === b.data[at])
  if (a instanceof DictView && b instanceof DictView && a.kind !== 'values' && b.kind !== 'values') {
    return dictSize(a.dict) === dictSize(b.dict) && itemsOf(budget, a).every((item) => contains(budget, b, item))
  }
  return false
}

function areItemsEqual(budget: Budget, a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index] || isEqual(budget, item, b[index]))
}

function areDictsEqual(budget: Budget, a: Dict | Record<string, unknown>, b: Dict | Record<string, unknown>): boolean {
  if (dictSize(a) !== dictSize(b)) return false
  for (const [key, value] of dictEntries(a)) {
    const other = dictGet(b, key)
    if (other === MISSING || (value !== other && !isEqual(budget, value, other))) return false
  }
  return true
}

/** Negative, 0 or positive; NaN when one of them is NaN. Integers and floats compare by their exact values. */
function compareNumbers(a: Numeric, b: Numeric): number {
  const left = typeof a === 'bigint' ? a : a.valueOf()
  const right = typeof b === 'bigint' ? b : b.valueOf()
  if (left < right) return -1
  if (left > right) return 1
  // biome-ignore lint/suspicious/noDoubleEquals: an integer and a float are to be compared, as only == does
  return left == right ? 0 : Number.NaN
}

export type OrderOperator = '<' | '<=' | '>' | '>='

/** Python's `a < b` and its three sisters. Errors: `TypeError` for values that have no order. */
export function isOrdered(budget: Budget, operator: OrderOperator, a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return holds(operator, a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN)
  budget.charge(1)
  for (const side of [a, b]) if (side instanceof Undefined) throw side.failure()
  const [left, right] = [numeric(a), numeric(b)]
  if (left !== undefined && right !== undefined) return holds(operator, compareNumbers(left, right))
  if (isText(a) && isText(b)) return holds(operator, compareText(plainText(a), plainText(b)))
  if (Array.isArray(a) && Array.isArray(b)) return areItemsOrdered(budget, operator, a, b)
  if (a instanceof Tuple && b instanceof Tuple) return areItemsOrdered(budget, operator, a.items, b.items)
  if (a instanceof DictView && b instanceof DictView && a.kind !== 'values' && b.kind !== 'values') {
    const [small, large] = operator.startsWith('<') ? [a, b] : [b, a]
    const isSmaller = dictSize(small.dict) < dictSize(large.dict) + (operator.endsWith('=') ? 1 : 0)
    return isSmaller && itemsOf(budget, small).every((item) => contains(budget, large, item))
  }
  throw new Raised(
    'TypeError',
    `'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
  )
}

function holds(operator: OrderOperator, order: number): boolean {
  switch (operator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

function areItemsOrdered(
  budget: Budget,
  operator: OrderOperator,
  a: readonly unknown[],
  b: readonly unknown[],
): boolean {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    if (a[index] === b[index] || isEqual(budget, a[index], b[index])) continue
    return isOrdered(budget, operator, a[index], b[index])
  }
  return holds(operator, a.length - b.length)
}

/** For sorting: what Python's `sorted` finds out by asking `<` only. */
export function compareForSort(budget: Budget, a: unknown, b: unknown): number {
  budget.charge(1)
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (isOrdered(budget, '<', a, b)) return -1
  return isOrdered(budget, '<', b, a) ? 1 : 0
}

/** Python's `item in container`. */
export function contains(budget: Budget, container: unknown, item: unknown): boolean {
  if (isText(container)) {
    if (!isText(item)) {
      throw new Raised('TypeError', `'in <string>' requires string as left operand, not ${typeName(item)}`)
    }
    const text = plainText(container)
    budget.charge(1 + (text.length >> 6))
    return text.includes(plainText(item))
  }
  if (isDict(container)) return dictGet(container, item) !== MISSING
  if (container instanceof DictView && container.kind === 'keys') return dictGet(container.dict, item) !== MISSING
  if (container instanceof Range) return isInRange(container, item)
  if (container instanceof Undefined && container.kind === 'strict') throw container.failure()
  if (lengthOf(container) === undefined && !(container instanceof OnceIterator)) {
    throw new Raised('TypeError', `argument of type '${typeName(container)}' is not iterable`)
  }
  return itemsOf(budget, container).some((candidate) => {
    budget.charge(1)
    return candidate === item || isEqual(budget, candidate, item)
  })
}

function isInRange(range: Range, item: unknown): boolean {
  const value = numeric(item)
  if (value === undefined) return false
  const index = (Number(value) - range.start) / range.step
  return Number.isInteger(index) && index >= 0 && index < range.length
}
