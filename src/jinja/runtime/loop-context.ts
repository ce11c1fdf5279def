import { Raised } from '../error.ts'
import type { Budget } from './budget.ts'
import { isEqual } from './compare.ts'
import { iterate, lengthOf, listOf, type ValueIterator } from './iterate.ts'
import { FunctionValue } from './native.ts'
import type { Rendering } from './rendering.ts'
import { type CallArguments, MISSING, OnceIterator, Provided, STOP, Tuple, typeName } from './values.ts'

/** The `loop` of a for block, which also walks over the values: it has to look ahead for `last` and `nextitem`. */
export class LoopContext extends Provided {
  readonly typeName = 'LoopContext'
  readonly #rendering: Rendering
  readonly #iterable: unknown
  #values: ValueIterator
  readonly #depth: number
  /** Renders the body for other values, in a recursive loop. */
  readonly recurse: ((values: unknown) => unknown) | undefined
  #index = -1
  #length: number | undefined
  #before: unknown = MISSING
  #current: unknown = MISSING
  #after: unknown = MISSING
  #lastChanged: unknown = MISSING

  constructor(rendering: Rendering, iterable: unknown, depth: number, recurse?: (values: unknown) => unknown) {
    super()
    this.#rendering = rendering
    this.#iterable = iterable
    this.#values = iterate(rendering, iterable)
    this.#depth = depth
    this.recurse = recurse
  }

  next(): unknown {
    const value = this.#after === MISSING ? this.#values.next() : this.#after
    this.#after = MISSING
    if (value === STOP) {
      this.#after = STOP
      return STOP
    }
    this.#index += 1
    this.#before = this.#current
    this.#current = value
    return value
  }

  #peek(): unknown {
    if (this.#after === MISSING) this.#after = this.#values.next()
    return this.#after
  }

  get length(): number {
    if (this.#length !== undefined) return this.#length
    const known = this.#iterable instanceof OnceIterator ? undefined : lengthOf(this.#iterable)
    if (known !== undefined) {
      this.#length = known
    } else {
      const rest = listOf(this.#rendering, this.#values)
      this.#values = iterate(this.#rendering, rest)
      this.#length = rest.length + this.#index + 1 + (this.#after === MISSING || this.#after === STOP ? 0 : 1)
    }
    return this.#length
  }

  attribute(name: string): unknown {
    switch (name) {
      case 'index':
        return this.#index + 1
      case 'index0':
        return this.#index
      case 'revindex':
        return this.length - this.#index
      case 'revindex0':
        return this.length - this.#index - 1
      case 'first':
        return this.#index === 0
      case 'last':
        return this.#peek() === STOP
      case 'length':
        return this.length
      case 'depth':
        return this.#depth + 1
      case 'depth0':
        return this.#depth
      case 'previtem':
        return this.#index === 0 ? this.#rendering.undefinedBecause('there is no previous item') : this.#before
      case 'nextitem': {
        const next = this.#peek()
        return next === STOP ? this.#rendering.undefinedBecause('there is no next item') : next
      }
      case 'cycle':
        return new FunctionValue('method', 'cycle', (_, { positional }) => {
          if (positional.length === 0) throw new Raised('TypeError', 'no items for cycling given')
          return positional[this.#index % positional.length]
        })
      case 'changed':
        return new FunctionValue('method', 'changed', (rendering, { positional }) =>
          this.#changed(rendering, positional),
        )
      default:
        return MISSING
    }
  }

  #changed(budget: Budget, values: readonly unknown[]): boolean {
    const now = new Tuple(values)
    if (this.#lastChanged !== MISSING && isEqual(budget, this.#lastChanged, now)) return false
    this.#lastChanged = now
    return true
  }

  /** `loop(values)` in a recursive loop. */
  override call({ positional }: CallArguments): unknown {
    if (this.recurse === undefined) {
      throw new Raised('TypeError', "The loop must have the 'recursive' marker to be called recursively.")
    }
    if (positional.length !== 1) throw new Raised('TypeError', `loop() takes 1 argument (${positional.length} given)`)
    return this.recurse(positional[0])
  }

  repr(): string {
    return `<LoopContext ${this.#index + 1}/${this.length}>`
  }
}

/** The values that a loop's target takes apart. Errors: `TypeError` and `ValueError` as Python's. */
export function unpack(budget: Budget, value: unknown, count: number): readonly unknown[] {
  let items: readonly unknown[]
  if (Array.isArray(value)) items = value
  else if (value instanceof Tuple) items = value.items
  else {
    try {
      items = takeFew(iterate(budget, value), count)
    } catch (error) {
      if (error instanceof Raised && / object is not iterable$/.test(error.message)) {
        throw new Raised('TypeError', `cannot unpack non-iterable ${typeName(value)} object`)
      }
      throw error
    }
  }
  if (items.length > count) throw new Raised('ValueError', `too many values to unpack (expected ${count})`)
  if (items.length < count) {
    throw new Raised('ValueError', `not enough values to unpack (expected ${count}, got ${items.length})`)
  }
  return items
}

/** One more than wanted is enough to know that there are too many. */
function takeFew(values: ValueIterator, count: number): unknown[] {
  const items: unknown[] = []
  while (items.length <= count) {
    const value = values.next()
    if (value === STOP) break
    items.push(value)
  }
  return items
}
