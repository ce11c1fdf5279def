import { Raised } from '../error.ts'

/** What one rendering may cost. Whoever gets beyond any of them gets a `TemplateError` of kind `limit`. */
export interface BudgetLimits {
  /** Units of work: one for a statement, call, comparison or loop turn; more for work on long texts and lists. */
  fuel: number
  /** Bytes of rendered text, as UTF-8. */
  outputBytes: number
  /** Longest text, in UTF-16 units, that may exist at any moment. */
  textLength: number
  /** Most items a list may have. */
  listItems: number
  /** Bytes that all texts and lists made during the rendering may take together, whether still in use or not. */
  memoryBytes: number
  /** Macros and recursive loops inside one another. */
  recursionDepth: number
  /** Size of an integer. */
  integerBits: number
  /** Items of a `range()`; Python's sandbox has the same one. */
  rangeItems: number
  /** Wall-clock time. */
  deadlineMilliseconds: number
}

/** For text a stranger's request waits for: the answer of a webhook. */
export const webhookAnswerBudget: BudgetLimits = {
  fuel: 300_000,
  outputBytes: 5 * 1024 * 1024,
  textLength: 5 * 1024 * 1024,
  listItems: 500_000,
  memoryBytes: 64 * 1024 * 1024,
  recursionDepth: 200,
  integerBits: 20_000,
  rangeItems: 100_000,
  deadlineMilliseconds: 250,
}

/** For a step of a flow, and the default. Whoever uses it up has kept everybody else waiting for less than 100 ms. */
export const flowStepBudget: BudgetLimits = { ...webhookAnswerBudget, fuel: 3_000_000, deadlineMilliseconds: 400 }

/** What is left of a budget's work and time for several renderings that follow each other at once. */
export interface Allowance {
  fuel: number
  milliseconds: number
}

export function allowanceOf({ fuel, deadlineMilliseconds }: Partial<BudgetLimits>): Allowance {
  return {
    fuel: fuel ?? flowStepBudget.fuel,
    milliseconds: deadlineMilliseconds ?? flowStepBudget.deadlineMilliseconds,
  }
}

/** Units of work between two looks at the clock. */
const fuelBetweenClockChecks = 4096

/** What an item of a list is taken to cost: its place, and the small text or number that it mostly is. */
const bytesPerItem = 32

/** Counts what a rendering costs. Every function of the runtime pays before it works, so that no template can outrun it. */
export class Budget {
  readonly limits: BudgetLimits
  depth = 0
  #fuel: number
  #nextCheck: number
  #memory = 0
  #deadline = 0
  readonly #allowance: Allowance

  /** With an `allowance`, work and time are what is left of that; it must be that of the same limits. */
  constructor(limits: BudgetLimits, allowance: Allowance = allowanceOf(limits)) {
    this.limits = limits
    this.#allowance = allowance
    this.#fuel = allowance.fuel
    this.#nextCheck = Math.max(0, allowance.fuel - fuelBetweenClockChecks)
  }

  /** Takes what the rendering has used from the allowance. To be called once, at its end. */
  settle(): void {
    this.#allowance.fuel = this.#fuel
    if (this.#deadline !== 0) this.#allowance.milliseconds = this.#deadline - performance.now()
  }

  /** Pays for `units` of work. */
  charge(units: number): void {
    this.#fuel -= units
    if (this.#fuel < this.#nextCheck) this.#check()
  }

  /** Pays for a text about to be made. */
  text(length: number): void {
    if (length > this.limits.textLength) throw limitReached(`a text of ${length} characters`, this.limits.textLength)
    this.#memory += length
    if (this.#memory > this.limits.memoryBytes) throw limitReached('memory in bytes', this.limits.memoryBytes)
    this.charge(length >> 6)
  }

  /** Pays for work on each character of a text that the host can't do at once. */
  characters(length: number): void {
    this.charge(length + (length >> 1))
  }

  /** Pays for a list (or anything else made of items) about to be made. */
  list(items: number): void {
    if (items > this.limits.listItems) throw limitReached(`a list of ${items} items`, this.limits.listItems)
    this.#memory += items * bytesPerItem
    if (this.#memory > this.limits.memoryBytes) throw limitReached('memory in bytes', this.limits.memoryBytes)
    this.charge(items >> 2)
  }

  enter(): void {
    this.depth += 1
    if (this.depth > this.limits.recursionDepth) {
      throw new Raised(
        'RecursionError',
        `more than ${this.limits.recursionDepth} macros or recursive loops inside one another`,
      )
    }
  }

  leave(): void {
    this.depth -= 1
  }

  #check(): void {
    if (this.#fuel < 0) throw limitReached('units of work', this.limits.fuel)
    const now = performance.now()
    // The clock starts at the first look: most renderings end before it, and reading it would cost them a tenth of their time.
    if (this.#deadline === 0) this.#deadline = now + this.#allowance.milliseconds
    else if (now > this.#deadline) throw limitReached('milliseconds', this.limits.deadlineMilliseconds)
    this.#nextCheck = Math.max(0, this.#fuel - fuelBetweenClockChecks)
  }
}

/** The error of a budget that is used up. */
export function limitReached(what: string, limit: number): Raised {
  return new Raised('TemplateLimitError', `the template needs more than it may: ${what} (the limit is ${limit})`)
}
