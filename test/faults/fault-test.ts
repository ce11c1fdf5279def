import { type Need, unmet } from './needs.ts'

/** Figures of a test, by name; what they are is said in their names, units last. */
export type Report = Readonly<Record<string, number | string>>

interface Definition<Options> {
  /** As in docs/reliability.md. */
  id: string
  title: string
  /** The pass criteria, in words. */
  passes: string
  needs?: readonly Need[]
  /** Seconds, for the developer and every test run. */
  short: Options
  /** For the release. */
  full: Options
  /** Whether the short form is part of `npm test`. */
  everyTestRun?: boolean
  run(options: Options, say: Say): Promise<Report>
  /** What is wrong with a report; nothing when the test has passed. */
  faults(report: Report, options: Options): string[]
}

/** Tells how far a test has come. */
export type Say = (progress: string) => void

export type Form = 'short' | 'full'

export type Verdict =
  | { outcome: 'passed'; report: Report }
  | { outcome: 'failed'; report: Report; faults: string[] }
  /** The machine lacks what the test needs: nothing is proven. */
  | { outcome: 'skipped'; reason: string }

export interface FaultTest {
  id: string
  title: string
  passes: string
  everyTestRun: boolean
  run(form: Form, say: Say): Promise<Verdict>
}

/** A fault test, whatever its options are. */
export function faultTest<Options>(definition: Definition<Options>): FaultTest {
  const { id, title, passes, needs = [], everyTestRun = false } = definition
  return {
    id,
    title,
    passes,
    everyTestRun,
    async run(form, say) {
      const reason = unmet(needs)
      if (reason !== undefined) return { outcome: 'skipped', reason }
      const options = definition[form]
      const report = await definition.run(options, say)
      const faults = definition.faults(report, options)
      return faults.length === 0 ? { outcome: 'passed', report } : { outcome: 'failed', report, faults }
    },
  }
}

/** A bound on a figure of a report: `atMost(report, 'lost', 0)`. Empty when it holds. */
export function atMost(report: Report, name: string, bound: number): string[] {
  const value = figure(report, name)
  return value <= bound ? [] : [`${name} is ${value}, more than ${bound}`]
}

export function atLeast(report: Report, name: string, bound: number): string[] {
  const value = figure(report, name)
  return value >= bound ? [] : [`${name} is ${value}, less than ${bound}`]
}

/** A figure that is missing must not pass. */
function figure(report: Report, name: string): number {
  const value = report[name]
  if (typeof value !== 'number' || Number.isNaN(value)) throw new Error(`the report has no figure "${name}"`)
  return value
}
