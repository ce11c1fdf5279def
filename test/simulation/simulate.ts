import { stringifyJson } from '../../src/flow/json.ts'
import { nextOccurrence } from '../../src/flow/schedule.ts'
import { jobKinds } from '../../src/storage/queue.ts'
import type { Network } from './database.ts'
import { accountId, flows, schedule, scheduledFlow } from './flows.ts'
import { Installation } from './installation.ts'
import { jobStatements } from './job-statements.ts'
import { Judge } from './judge.ts'
import { laneStatements } from './lane-statements.ts'
import { epochMs } from './machine.ts'
import { Random } from './random.ts'
import { runStatements } from './run-statements.ts'
import { Server, type Statements } from './server.ts'
import { createTables, type Tables } from './tables.ts'
import { Timeline } from './timeline.ts'
import { sendRequests } from './traffic.ts'
import { planTroubles, troubleMs } from './troubles.ts'
import { Vendor } from './vendor.ts'

export interface Simulation {
  seed: number
  violations: readonly string[]
  /** What happened, line by line; only when it was asked for. */
  trace: readonly string[]
  runs: number
  calls: number
  disturbances: number
  deadlocks: number
  virtualMs: number
}

export interface SimulationOptions {
  seed: number
  trace?: boolean
  /** Makes the store wrong on purpose, to see that it is noticed. */
  spoil?: (statements: Statements, tables: Tables) => Statements
}

/** By then everything must have come to its end. */
const deadlineMs = 30 * 60_000

/** Runs one simulated installation through its troubles to the end, and judges it. */
export async function simulate({ seed, trace: isTraced = false, spoil }: SimulationOptions): Promise<Simulation> {
  const random = new Random(seed)
  const timeline = new Timeline()
  const tables = createTables()
  const lines: string[] = []
  const trace = (line: () => string) => {
    if (isTraced) lines.push(`${timeline.now.toFixed(3)} ${line()}`)
  }
  fill(tables)
  const sound = allStatements(tables, () => epochMs + timeline.now, random)
  const server = new Server(timeline, spoil === undefined ? sound : spoil(sound, tables), epochMs)
  const vendor = new Vendor(timeline, random, random.pick([0, 0.1, 0.4]))
  const judge = new Judge(timeline, tables, vendor)
  const network: Network = {
    timeline,
    random,
    server,
    downUntil: 0,
    breakChance: random.pick([0, 0, 0.001, 0.005]),
    onBreak: () => {
      judge.disturbed()
    },
    trace,
  }
  const installation = new Installation(network, vendor, judge)
  const count = random.pick([1, 2, 3, 3])
  for (let place = 0; place < count; place++) installation.add('abc'[place]!, place === 0 || random.chance(0.7))
  const sent = sendRequests(network, installation, judge)
  planTroubles(network, installation, judge, tables)
  await timeline.run(deadlineMs, () => timeline.now > troubleMs + 5_000 && isQuiet(tables, installation, timeline.now))
  judge.conclude(sent)
  const { violations, disturbances } = judge
  return {
    seed,
    violations,
    trace: lines,
    runs: tables.run.all().length,
    calls: vendor.calls.length,
    disturbances,
    deadlocks: server.deadlocks,
    virtualMs: timeline.now,
  }
}

/** What the virtual server knows to do. */
export function allStatements(tables: Tables, now: () => number, random: Random): Statements {
  return { ...runStatements(tables, now), ...laneStatements(tables), ...jobStatements(tables, jobKinds, random) }
}

const firstFinalStatus = 4

function isQuiet(tables: Tables, { places }: Installation, now: number): boolean {
  return (
    tables.run.all().every(([, { status }]) => status >= firstFinalStatus) &&
    tables.job.all().every(([, { state }]) => state === 'failed') &&
    tables.schedule.all().every(([, { next_at }]) => next_at === null || next_at > epochMs + now) &&
    places.every(({ machine }) => machine.isAlive() && machine.stoppedUntil() < now && machine.cutUntil < now)
  )
}

/** The account, its flows and the schedule of one. */
function fill(tables: Tables): void {
  tables.account.fill(accountId, { id: accountId, revision: 1 })
  for (const flow of [...Object.values(flows).map((each) => each.flow), scheduledFlow]) {
    tables.flow.fill(flow.id, { id: flow.id, account_id: accountId, version: 1, json: JSON.stringify(flow) })
  }
  const next_at = nextOccurrence(schedule, new Date(epochMs))!.getTime()
  const text = stringifyJson({ ...schedule })
  tables.schedule.fill(scheduledFlow.id, { flow_id: scheduledFlow.id, account_id: accountId, schedule: text, next_at })
}
