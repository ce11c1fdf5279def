import { Raised } from '../error.ts'
import type { BinaryOperator } from '../syntax/ast.ts'
import type { Budget } from './budget.ts'
import { complexPower } from './complex.ts'
import {
  addNumbers,
  divideNumbers,
  divideWithRemainder,
  multiplyNumbers,
  type Numeric,
  numeric,
  powerNumbers,
  subtractNumbers,
} from './numbers.ts'
import { formatPercent } from './percent-format.ts'
import { escapeHtml, isText, plainText, toText } from './text.ts'
import { Bytes, float, isInteger, Markup, Tuple, typeName, Undefined } from './values.ts'

export function add(budget: Budget, a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    return Number.isInteger(sum) ? addNumbers(a, b) : sum
  }
  if (typeof a === 'string' && typeof b === 'string') {
    budget.text(a.length + b.length)
    return a + b
  }
  const [left, right] = [numeric(a), numeric(b)]
  if (left !== undefined && right !== undefined) return addNumbers(left, right)
  refuseUndefined(a, b)
  if (isText(a) && isText(b)) return joinTexts(budget, a, b)
  if (Array.isArray(a) && Array.isArray(b)) {
    budget.list(a.length + b.length)
    return [...a, ...b]
  }
  if (a instanceof Tuple && b instanceof Tuple) {
    budget.list(a.items.length + b.items.length)
    return new Tuple([...a.items, ...b.items])
  }
  if (a instanceof Bytes && b instanceof Bytes) {
    budget.text(a.data.length + b.data.length)
    return new Bytes(Uint8Array.of(...a.data, ...b.data))
  }
  if (isText(a)) throw new Raised('TypeError', `can only concatenate str (not "${typeName(b)}") to str`)
  if (Array.isArray(a)) throw new Raised('TypeError', `can only concatenate list (not "${typeName(b)}") to list`)
  if (a instanceof Tuple) throw new Raised('TypeError', `can only concatenate tuple (not "${typeName(b)}") to tuple`)
  throw unsupported('+', a, b)
}

/** Texts of which at least one is Markup: the other one is escaped. */
function joinTexts(budget: Budget, a: string | Markup, b: string | Markup): Markup {
  const [left, right] = [escapeHtml(budget, a).text, escapeHtml(budget, b).text]
  budget.text(left.length + right.length)
  return new Markup(left + right)
}

function multiply(budget: Budget, a: unknown, b: unknown): unknown {
  const [left, right] = [numeric(a), numeric(b)]
  if (left !== undefined && right !== undefined) return multiplyNumbers(budget, left, right)
  refuseUndefined(a, b)
  if (left !== undefined && isInteger(left)) return repeat(budget, b, left, a, b)
  if (right !== undefined && isInteger(right)) return repeat(budget, a, right, a, b)
  throw unsupported('*', a, b, true)
}

function repeat(budget: Budget, value: unknown, count: Numeric, a: unknown, b: unknown): unknown {
  const times = Math.max(0, Number(count))
  if (isText(value)) {
    const text = plainText(value)
    if (text === '') return value
    budget.text(text.length * times)
    const repeated = text.repeat(times)
    return value instanceof Markup ? new Markup(repeated) : repeated
  }
  if (Array.isArray(value)) return repeatItems(budget, value, times)
  if (value instanceof Tuple) return new Tuple(repeatItems(budget, value.items, times))
  throw unsupported('*', a, b, true)
}

function repeatItems(budget: Budget, items: readonly unknown[], times: number): unknown[] {
  if (items.length === 0) return []
  budget.list(items.length * times)
  const repeated: unknown[] = []
  for (let turn = 0; turn < times; turn++) for (const item of items) repeated.push(item)
  return repeated
}

/** The binary operators but `and`, `or` and comparisons. */
export function binary(budget: Budget, operator: BinaryOperator, a: unknown, b: unknown): unknown {
  budget.charge(1)
  switch (operator) {
    case '+':
      return add(budget, a, b)
    case '*':
      return multiply(budget, a, b)
    case '%':
      if (isText(a)) return formatPercent(budget, a, b)
  }
  const [left, right] = [numeric(a), numeric(b)]
  if (left === undefined || right === undefined) {
    refuseUndefined(a, b)
    throw unsupported(operator === '**' ? '** or pow()' : operator, a, b)
  }
  switch (operator) {
    case '-':
      return subtractNumbers(left, right)
    case '/':
      return divideNumbers(left, right)
    case '//':
    case '%':
      return divideWithRemainder(left, right, operator)
    case '**':
      return isComplexPower(left, right) ? complexPower(Number(left), Number(right)) : powerNumbers(budget, left, right)
  }
}

function isComplexPower(base: Numeric, exponent: Numeric): boolean {
  if (base.valueOf() >= 0 || typeof exponent === 'bigint') return false
  const power = exponent.valueOf()
  return Number.isFinite(Number(base)) && Number.isFinite(power) && !Number.isInteger(power)
}

/**
 * A power whose base Jinja2 knows before rendering, but not the exponent. It writes such a base into Python code as it
 * prints, and Python reads `-2 ** n` as `-(2 ** n)`.
 */
export function powerOfWritten(budget: Budget, base: unknown, exponent: unknown): unknown {
  const number = numeric(base)
  const isNegative = number !== undefined && (number.valueOf() < 0 || Object.is(number.valueOf(), -0))
  return isNegative ? negate(binary(budget, '**', negate(number), exponent)) : binary(budget, '**', base, exponent)
}

export function negate(value: unknown): unknown {
  const number = numeric(value)
  if (number === undefined) {
    refuseUndefined(value, value)
    throw new Raised('TypeError', `bad operand type for unary -: '${typeName(value)}'`)
  }
  if (typeof number === 'number') return Number.isInteger(number) ? 0 - number : -number
  return typeof number === 'bigint' ? -number : float(-number.valueOf())
}

export function plus(value: unknown): unknown {
  const number = numeric(value)
  if (number === undefined) {
    refuseUndefined(value, value)
    throw new Raised('TypeError', `bad operand type for unary +: '${typeName(value)}'`)
  }
  return number
}

/** `a ~ b ~ c`: everything as text; with automatic escaping, everything escaped as soon as one part is Markup. */
export function concatenate(budget: Budget, values: readonly unknown[], escapes: boolean): string | Markup {
  budget.charge(values.length)
  if (escapes && values.some((value) => value instanceof Markup)) {
    const parts = values.map((value) => escapeHtml(budget, value).text)
    return new Markup(joinParts(budget, parts))
  }
  return joinParts(
    budget,
    values.map((value) => toText(budget, value)),
  )
}

function joinParts(budget: Budget, parts: readonly string[]): string {
  let length = 0
  for (const part of parts) length += part.length
  budget.text(length)
  return parts.join('')
}

function refuseUndefined(a: unknown, b: unknown): void {
  if (a instanceof Undefined) throw a.failure()
  if (b instanceof Undefined) throw b.failure()
}

function unsupported(operator: string, a: unknown, b: unknown, isRepetition = false): Raised {
  const isSequence = (value: unknown): boolean => isText(value) || Array.isArray(value) || value instanceof Tuple
  if (isRepetition && (isSequence(a) || isSequence(b))) {
    return new Raised('TypeError', `can't multiply sequence by non-int of type '${typeName(isSequence(a) ? b : a)}'`)
  }
  return new Raised('TypeError', `unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`)
}
