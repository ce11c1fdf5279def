import type { Budget } from '../../runtime/budget.ts'
import type { Assertion } from './pattern.ts'
import { isWord } from './pattern.ts'
import type { Program } from './program.ts'

/** Places of a match: start and end of the whole, then of each group; -1 where a group took no part. */
export type Places = readonly number[]

/** Steps of the matcher that cost one unit of the budget; those that may be repeated without end cost one each. */
const stepsPerUnit = 2

/**
 * Finds matches of a program in one text, from left to right.
 *
 * It tries alternatives in order and goes back when one fails, as Python does, so that it finds the same match. What
 * makes that exponential elsewhere is trying the same place in the program at the same place in the text again; here
 * each such pair is tried once, which bounds the work by program times text. Only backreferences and conditionals
 * forbid that (what follows depends on what came before); then the budget alone is the bound.
 */
export class Matcher {
  readonly #budget: Budget
  readonly #program: Program
  readonly #text: string
  /** One bit for each place in the text and instruction that has been tried. */
  readonly #tried: Uint32Array | undefined
  #steps = 0

  constructor(budget: Budget, program: Program, text: string) {
    this.#budget = budget
    this.#program = program
    this.#text = text
    if (!program.dependsOnCaptures) {
      const words = Math.ceil(((text.length + 1) * program.instructions.length) / 32)
      budget.text(words * 4)
      this.#tried = new Uint32Array(words)
    }
  }

  /** The first match that starts at `from` or behind it (only at it, if `isAnchored`). `mustAdvance` refuses an empty one at `from`. */
  find(from: number, isAnchored: boolean, mustAdvance: boolean): Places | undefined {
    for (let start = from; start <= this.#text.length; start++) {
      if (isLowSurrogate(this.#text, start)) continue
      const slots = new Array<number>(this.#program.slots).fill(-1)
      const end = this.#run(0, start, slots, this.#tried, mustAdvance && start === from ? start : -1)
      if (end !== -1) {
        slots[0] = start
        slots[1] = end
        this.#forget(end)
        return slots.slice(0, (this.#program.groups + 1) * 2)
      }
      if (isAnchored) return undefined
    }
    return undefined
  }

  /** What was tried up to a match has failed, but for the way that led to it, which ends here: it may be gone again. */
  #forget(place: number): void {
    const tried = this.#tried
    if (tried === undefined) return
    const { length } = this.#program.instructions
    for (let bit = place * length; bit < (place + 1) * length; bit++) tried[bit >> 5]! &= ~(1 << (bit & 31))
  }

  #charge(isBounded: boolean): void {
    this.#steps += 1
    if (!isBounded || this.#steps % stepsPerUnit === 0) this.#budget.charge(1)
  }

  /** Runs from an instruction to a `match`; gives its place, or -1. `slots` then hold the places of the groups. */
  #run(first: number, start: number, slots: number[], tried: Uint32Array | undefined, refusedEnd: number): number {
    const { instructions } = this.#program
    // Ways to go back to: an instruction and a place, or (as ~slot) a slot and the value it had.
    const waysBack: number[] = [first, start]
    while (waysBack.length > 0) {
      let place = waysBack.pop()!
      let at = waysBack.pop()!
      if (at < 0) {
        slots[~at] = place
        continue
      }
      for (;;) {
        this.#charge(tried !== undefined)
        if (tried !== undefined) {
          const bit = place * instructions.length + at
          const mask = 1 << (bit & 31)
          if ((tried[bit >> 5]! & mask) !== 0) break
          tried[bit >> 5]! |= mask
        }
        const instruction = instructions[at]!
        if (instruction.op === 'match') {
          if (place === refusedEnd) break
          return place
        }
        if (instruction.op === 'set') {
          const code = this.#text.codePointAt(place)
          if (code === undefined || !instruction.test(code)) break
          place += code > 0xffff ? 2 : 1
          at += 1
        } else if (instruction.op === 'split') {
          waysBack.push(instruction.second, place)
          if (waysBack.length % 65536 === 0) this.#budget.list(65536)
          at = instruction.first
        } else if (instruction.op === 'jump') {
          at = instruction.to
        } else if (instruction.op === 'save') {
          waysBack.push(~instruction.slot, slots[instruction.slot]!)
          slots[instruction.slot] = place
          at += 1
        } else if (instruction.op === 'again') {
          at = slots[instruction.slot] === place ? instruction.out : instruction.loop
        } else {
          const next = this.#special(at, place, slots, waysBack)
          if (next === undefined) break
          at = next.at
          place = next.place
        }
      }
    }
    return -1
  }

  /** The rarer instructions; undefined if they fail. */
  #special(at: number, place: number, slots: number[], waysBack: number[]): { at: number; place: number } | undefined {
    const instruction = this.#program.instructions[at]!
    switch (instruction.op) {
      case 'assert':
        return holds(instruction.what, this.#text, place) ? { at: at + 1, place } : undefined
      case 'conditional':
        return { at: slots[instruction.index * 2 + 1] === -1 ? instruction.otherwise : at + 1, place }
      case 'backreference': {
        const end = this.#repeated(instruction, place, slots)
        return end === -1 ? undefined : { at: at + 1, place: end }
      }
      case 'atomic': {
        const end = this.#inner(at + 1, place, slots, waysBack)
        return end === -1 ? undefined : { at: instruction.end, place: end }
      }
      case 'look': {
        const from = instruction.isBehind ? back(this.#text, place, instruction.width) : place
        const end = from === -1 ? -1 : this.#inner(at + 1, from, slots, instruction.isNegative ? undefined : waysBack)
        return (end === -1) === instruction.isNegative ? { at: instruction.end, place } : undefined
      }
      default:
        return undefined
    }
  }

  /** Runs a part of the program by itself. What it captures is kept (unless it must not be) and undone on the way back. */
  #inner(at: number, place: number, slots: number[], waysBack: number[] | undefined): number {
    const before = slots.slice()
    const end = this.#run(at, place, slots, undefined, -1)
    for (const [slot, value] of before.entries()) {
      if (slots[slot] === value) continue
      if (end === -1 || waysBack === undefined) slots[slot] = value
      else waysBack.push(~slot, value)
    }
    return end
  }

  #repeated(instruction: { index: number; ignoresCase: boolean }, place: number, slots: readonly number[]): number {
    const [start, end] = [slots[instruction.index * 2]!, slots[instruction.index * 2 + 1]!]
    if (start === -1 || end === -1) return -1
    const wanted = this.#text.slice(start, end)
    this.#budget.charge(1 + (wanted.length >> 4))
    const found = this.#text.slice(place, place + wanted.length)
    const isSame = instruction.ignoresCase ? found.toLowerCase() === wanted.toLowerCase() : found === wanted
    return isSame ? place + wanted.length : -1
  }
}

function isLowSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (!(code >= 0xdc00 && code <= 0xdfff)) return false
  const before = text.charCodeAt(at - 1)
  return before >= 0xd800 && before <= 0xdbff
}

/** The place so many characters before another, or -1. */
function back(text: string, place: number, width: number): number {
  let at = place
  for (let count = 0; count < width; count++) {
    if (at === 0) return -1
    at -= isLowSurrogate(text, at - 1) ? 2 : 1
  }
  return at
}

function isWordAt(text: string, at: number, isAscii: boolean): boolean {
  const code = isLowSurrogate(text, at) ? text.codePointAt(at - 1) : text.codePointAt(at)
  return code !== undefined && (!isAscii || code < 128) && isWord(code)
}

function holds(what: Assertion, text: string, place: number): boolean {
  switch (what) {
    case 'start':
      return place === 0
    case 'text-end':
      return place === text.length
    case 'end':
      return place === text.length || (place === text.length - 1 && text[place] === '\n')
    case 'line-start':
      return place === 0 || text[place - 1] === '\n'
    case 'line-end':
      return place === text.length || text[place] === '\n'
    default: {
      const isAscii = what === 'ascii-edge' || what === 'no-ascii-edge'
      const isEdge = (place > 0 && isWordAt(text, place - 1, isAscii)) !== isWordAt(text, place, isAscii)
      return isEdge === (what === 'word-edge' || what === 'ascii-edge')
    }
  }
}
