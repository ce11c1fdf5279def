import { Raised } from '../../error.ts'
import type { Assertion, Node, Pattern } from './pattern.ts'

/** One instruction. Jumps are indices into the program. */
export type Instruction =
  | { op: 'set'; test: (code: number) => boolean }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'save'; slot: number }
  /** Ends a turn of a loop: one that has matched nothing is the last. */
  | { op: 'again'; slot: number; loop: number; out: number }
  | { op: 'assert'; what: Assertion }
  | { op: 'look'; end: number; isBehind: boolean; isNegative: boolean; width: number }
  | { op: 'atomic'; end: number }
  | { op: 'backreference'; index: number; ignoresCase: boolean }
  | { op: 'conditional'; index: number; otherwise: number }
  | { op: 'match' }

export interface Program {
  instructions: readonly Instruction[]
  /** Number of the slots for the places where groups and loop turns start and end. */
  slots: number
  groups: number
  names: ReadonlyMap<string, number>
  /** Whether what can follow a place depends on what was captured before it; then no place may be skipped as known. */
  dependsOnCaptures: boolean
}

/** Counted repetitions are written out, so the size of a program is limited. */
const maxInstructions = 5000

export function compilePattern(pattern: Pattern): Program {
  const compiler = new ProgramCompiler(pattern)
  compiler.emit(pattern.node)
  compiler.add({ op: 'match' })
  return {
    instructions: compiler.instructions,
    slots: compiler.slots,
    groups: pattern.groups,
    names: pattern.names,
    dependsOnCaptures: compiler.dependsOnCaptures,
  }
}

class ProgramCompiler {
  readonly instructions: Instruction[] = []
  slots: number
  dependsOnCaptures = false

  constructor(pattern: Pattern) {
    this.slots = (pattern.groups + 1) * 2
  }

  add(instruction: Instruction): number {
    if (this.instructions.length >= maxInstructions) {
      throw new Raised('re.error', 'the pattern is too large: its counted repetitions multiply')
    }
    return this.instructions.push(instruction) - 1
  }

  get #next(): number {
    return this.instructions.length
  }

  emit(node: Node): void {
    switch (node.kind) {
      case 'empty':
        return
      case 'set':
        this.add({ op: 'set', test: node.test })
        return
      case 'sequence':
        for (const part of node.parts) this.emit(part)
        return
      case 'choice': {
        this.#choice(node.options)
        return
      }
      case 'repeat': {
        node.isPossessive
          ? this.#enclosed({ op: 'atomic', end: 0 }, { ...node, isPossessive: false })
          : this.#repeat(node)
        return
      }
      case 'group':
        this.add({ op: 'save', slot: node.index * 2 })
        this.emit(node.node)
        this.add({ op: 'save', slot: node.index * 2 + 1 })
        return
      case 'atomic': {
        this.#enclosed({ op: 'atomic', end: 0 }, node.node)
        return
      }
      case 'look': {
        const { isBehind, isNegative, width } = node
        this.#enclosed({ op: 'look', end: 0, isBehind, isNegative, width }, node.node)
        return
      }
      case 'assert':
        this.add({ op: 'assert', what: node.what })
        return
      case 'backreference':
        this.dependsOnCaptures = true
        this.add({ op: 'backreference', index: node.index, ignoresCase: node.ignoresCase })
        return
      case 'conditional': {
        this.#conditional(node)
        return
      }
    }
  }

  #choice(options: readonly Node[]): void {
    const exits: { op: 'jump'; to: number }[] = []
    for (const [index, option] of options.entries()) {
      if (index === options.length - 1) {
        this.emit(option)
        break
      }
      const split = { op: 'split' as const, first: this.#next + 1, second: 0 }
      this.add(split)
      this.emit(option)
      const exit = { op: 'jump' as const, to: 0 }
      this.add(exit)
      exits.push(exit)
      split.second = this.#next
    }
    for (const exit of exits) exit.to = this.#next
  }

  #repeat(node: Extract<Node, { kind: 'repeat' }>): void {
    for (let count = 0; count < node.min; count++) this.emit(node.node)
    if (node.max === Infinity) {
      this.#loop(node)
      return
    }
    const splits: { split: { first: number; second: number }; skips: 'first' | 'second' }[] = []
    for (let count = node.min; count < node.max; count++) {
      const split = { op: 'split' as const, first: this.#next + 1, second: this.#next + 1 }
      this.add(split)
      splits.push({ split, skips: node.isLazy ? 'first' : 'second' })
      this.emit(node.node)
    }
    for (const { split, skips } of splits) split[skips] = this.#next
  }

  #loop(node: Extract<Node, { kind: 'repeat' }>): void {
    const slot = this.slots++
    const loop = this.#next
    const split = { op: 'split' as const, first: 0, second: 0 }
    this.add(split)
    this.add({ op: 'save', slot })
    this.emit(node.node)
    const again = { op: 'again' as const, slot, loop, out: 0 }
    this.add(again)
    again.out = this.#next
    split.first = node.isLazy ? this.#next : loop + 1
    split.second = node.isLazy ? loop + 1 : this.#next
  }

  #enclosed(opening: { op: 'atomic'; end: number } | Extract<Instruction, { op: 'look' }>, node: Node): void {
    this.add(opening)
    this.emit(node)
    this.add({ op: 'match' })
    opening.end = this.#next
  }

  #conditional(node: Extract<Node, { kind: 'conditional' }>): void {
    this.dependsOnCaptures = true
    const test = { op: 'conditional' as const, index: node.index, otherwise: 0 }
    this.add(test)
    this.emit(node.then)
    const exit = { op: 'jump' as const, to: 0 }
    this.add(exit)
    test.otherwise = this.#next
    this.emit(node.otherwise)
    exit.to = this.#next
  }
}
