import { Raised } from '../error.ts'
import type { Budget } from './budget.ts'
import { FunctionValue } from './native.ts'
import type { Rendering } from './rendering.ts'
import { repr } from './text.ts'
import { Dict, Markup, MISSING, Provided, Tuple } from './values.ts'

/** `namespace()`: the one kind of value whose attributes `{% set ns.x = … %}` may set. */
export class Namespace extends Provided {
  readonly typeName = 'Namespace'
  readonly values = new Dict()
  attribute(name: string): unknown {
    return this.item(name)
  }
  override item(key: unknown): unknown {
    const value = this.values.get(key)
    return value === undefined ? MISSING : value
  }
  repr(budget: Budget): string {
    return `<Namespace ${repr(budget, this.values)}>`
  }
}

/** `cycler('a', 'b')`. */
export class Cycler extends Provided {
  readonly typeName = 'Cycler'
  readonly #items: readonly unknown[]
  #index = 0
  constructor(items: readonly unknown[]) {
    super()
    if (items.length === 0) throw new Raised('RuntimeError', 'at least one item has to be provided')
    this.#items = items
  }
  attribute(name: string): unknown {
    if (name === 'current') return this.#items[this.#index]
    if (name === 'items') return new Tuple(this.#items)
    if (name === 'pos') return this.#index
    if (name === 'next') {
      return new FunctionValue('method', 'next', () => {
        const item = this.#items[this.#index]
        this.#index = (this.#index + 1) % this.#items.length
        return item
      })
    }
    if (name !== 'reset') return MISSING
    return new FunctionValue('method', 'reset', () => {
      this.#index = 0
      return null
    })
  }
  repr(): string {
    return '<jinja2.utils.Cycler object>'
  }
}

/** `self`: the template's blocks, each of which can be rendered once more. */
export class TemplateReference extends Provided {
  readonly typeName = 'TemplateReference'
  readonly #blocks: ReadonlyMap<string, { run: (rendering: Rendering) => void }>
  constructor(blocks: ReadonlyMap<string, { run: (rendering: Rendering) => void }>) {
    super()
    this.#blocks = blocks
  }
  attribute(): unknown {
    return MISSING
  }
  override item(key: unknown): unknown {
    const block = typeof key === 'string' ? this.#blocks.get(key) : undefined
    if (block === undefined) return MISSING
    return new FunctionValue('BlockReference', String(key), (rendering) => {
      const outer = rendering.out
      rendering.out = ''
      try {
        block.run(rendering)
        return rendering.escapes ? new Markup(rendering.out) : rendering.out
      } finally {
        rendering.out = outer
      }
    })
  }
  repr(): string {
    return '<TemplateReference None>'
  }
}
