import { setTimeout as pause } from 'node:timers/promises'
import { runStatuses } from '../../src/flow/run.ts'
import type { ServerProcess } from '../rig/server-process.ts'
import { type BadVendor, startBadVendors } from './bad-vendors.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { judge } from './judge.ts'
import { newLedger, percentile, startLoad, type Target } from './load.ts'
import { type FaultRig, withRig } from './rig.ts'
import { answerOk } from './sink.ts'

/** What the flows of the bad vendors allow their calls. */
const timeoutSeconds = 3
/** Failures that open a circuit, which then waits for 30 s and twice as long each time (src/worker/circuits.ts). */
const circuitFailures = 10
/** Longer than two pauses, and than those who wait take to come back. */
const recoveryMs = 180_000

interface Options {
  seconds: number
  /** Requests a second: for the flows that have nothing to do with it, and for those of all bad vendors together. */
  rate: number
  slowRate: number
}

export const slowVendor = faultTest({
  id: 'F12',
  title: 'Four vendors answer after half a minute, never, a byte a second, with a reset; then they are well again',
  passes:
    'other flows start as before (p99 at most twice as long, or 100 ms); calls are given up on time; after 10 failures vendors are left alone, and one call finds out that they are back',
  short: { seconds: 8, rate: 20, slowRate: 20 },
  full: { seconds: 60, rate: 100, slowRate: 100 },
  async run(options: Options, say) {
    const hanging = await withRig({ flows: others, env: { HOOKLINE_CIRCUIT_FAILURES: '0' } }, (rig) =>
      withBadVendors(rig, options, async ({ vendors, targets }) => {
        say('vendors are called all the time')
        const beside = await underLoad(rig, targets, options)
        // Two attempts each.
        await pause((2 * timeoutSeconds + 3) * 1000)
        const waits = await timedOut(rig, targets)
        return { ...beside, ...waits, callsHanging: vendors.reduce((sum, { sink }) => sum + sink.calls.length, 0) }
      }),
    )
    const broken = await withRig({ flows: others }, (rig) =>
      withBadVendors(rig, options, async ({ vendors, targets }) => {
        say('vendors are left alone after 10 failures')
        const { besideP99Ms, aloneP99Ms, unfinished, lost } = await underLoad(rig, targets, options)
        const opened = await Promise.all(vendors.map((vendor, index) => openedAt(rig, vendor, targets[index]!)))
        const wellAt = Date.now()
        for (const { sink } of vendors) sink.answer = answerOk
        say('vendors are well')
        const recovered = await recovery(rig, targets, wellAt)
        return {
          openAloneP99Ms: aloneP99Ms,
          openP99Ms: besideP99Ms,
          openUnfinished: unfinished,
          openLost: lost,
          fewestFailures: Math.min(...opened.map(({ failures }) => failures)),
          mostTries: Math.max(...opened.map(({ tries }) => tries)),
          ...recovered,
        }
      }),
    )
    return { ...hanging, ...broken }
  },
  faults: (report, { seconds, slowRate }) => [
    ...atMost(report, 'besideP99Ms', Math.max(100, 2 * Number(report.aloneP99Ms))),
    ...atMost(report, 'openP99Ms', Math.max(100, 2 * Number(report.openAloneP99Ms))),
    ...['unfinished', 'lost', 'openUnfinished', 'openLost', 'otherErrors'].flatMap((name) => atMost(report, name, 0)),
    // Three of the four are given up for the time they take.
    ...atLeast(report, 'givenUp', (seconds * slowRate) / 2),
    ...atLeast(report, 'shortestWaitMs', timeoutSeconds * 1000 - 10),
    ...atMost(report, 'p99WaitMs', timeoutSeconds * 1000 + 1_000),
    ...atLeast(report, 'fewestFailures', circuitFailures),
    // One after the first pause, at most, while they are bad; in the short form not even that.
    ...atMost(report, 'mostTries', Math.floor(seconds / 30)),
    ...atLeast(report, 'waited', (seconds * slowRate) / 4),
    ...atMost(report, 'waitedInVain', 0),
    ...atMost(report, 'stillWaiting', 0),
    ...atMost(report, 'slowestBackMs', (seconds < 30 ? 30_000 : 60_000) + 10_000),
  ],
})

/** Flows that have nothing to do with it: one that computes, and one that calls a vendor who is well. */
const others = [
  { async: true, calls: false },
  { async: true, calls: true },
] as const

interface Trouble {
  vendors: BadVendor[]
  /** A flow for each. */
  targets: Target[]
}

async function withBadVendors<Result>(
  rig: FaultRig,
  { rate }: Options,
  work: (trouble: Trouble) => Promise<Result>,
): Promise<Result> {
  const server = await rig.addServer()
  // Whatever is slow the first time has been that by now.
  const warming = rig.load(rate)
  await pause(2_000)
  await warming.stop()
  await rig.judge()
  const vendors = await startBadVendors()
  try {
    const targets = await Promise.all(vendors.map((vendor) => callingFlow(server, vendor)))
    return await work({ vendors, targets })
  } finally {
    await Promise.all(vendors.map(({ sink }) => sink.close()))
  }
}

/** How soon the other flows' runs start, alone and beside those of the bad vendors. */
async function underLoad(rig: FaultRig, slow: readonly Target[], { seconds, rate, slowRate }: Options) {
  const [other] = rig.targets as [Target]
  const start = await startDelays(rig, other)
  const alone = rig.load(rate)
  await pause(seconds * 1000)
  await alone.stop()
  await rig.judge()
  const before = await startDelays(rig, other)
  const urls = () => rig.servers.map(({ url }) => url)
  const [beside, calling] = [
    rig.load(rate),
    startLoad({ urls, targets: slow, rate: slowRate, ledger: newLedger(), maxOpen: 2_000 }),
  ]
  await pause(seconds * 1000)
  await Promise.all([beside.stop(), calling.stop()])
  const { lost, unfinished } = await rig.judge()
  const after = await startDelays(rig, other)
  return {
    aloneP99Ms: percentile(before.slice(start.length), 0.99),
    besideP99Ms: percentile(after.slice(before.length), 0.99),
    lost,
    unfinished,
  }
}

/** From acceptance to the first step, in ms, in the order of acceptance. */
async function startDelays({ postgres }: FaultRig, { flowId }: Target): Promise<number[]> {
  const rows = await postgres.query<{ ms: number }>({
    text: 'select extract(epoch from min(s.started_at) - r.created_at)::float8 * 1000 as ms from run r join step s on s.run_id = r.id where r.flow_id = $1 and s.seq > 0 group by r.id order by r.id',
    values: [flowId],
  })
  return rows.map(({ ms }) => ms)
}

interface FailedCall {
  ms: number
  kind: string
}

/** The calls that ended badly: after how long, and that no other reason is among them. */
async function timedOut({ postgres }: FaultRig, targets: readonly Target[]) {
  const calls = await postgres.query<FailedCall>({
    text: `select extract(epoch from step.ended_at - step.started_at)::float8 * 1000 as ms, step.error::json ->> 'kind' as kind
           from step join run on run.id = run_id where flow_id = any($1) and ref = 'first' and step.error is not null`,
    values: [targets.map(({ flowId }) => flowId)],
  })
  const waits = calls.filter(({ kind }) => kind === 'timeout').map(({ ms }) => ms)
  return {
    givenUp: waits.length,
    otherErrors: calls.filter(({ kind }) => kind !== 'timeout' && kind !== 'closed').length,
    shortestWaitMs: Math.round(Math.min(...waits)),
    medianWaitMs: percentile(waits, 0.5),
    p99WaitMs: percentile(waits, 0.99),
  }
}

/** Calls that were made before a vendor was left alone, and those made since. */
async function openedAt({ postgres }: FaultRig, { sink }: BadVendor, { flowId }: Target) {
  const [row] = await postgres.query<{ ms: number | null }>({
    text: `select extract(epoch from min(step.ended_at))::float8 * 1000 as ms from step join run on run.id = run_id
           where flow_id = $1 and step.error::json ->> 'kind' = 'circuit_open'`,
    values: [flowId],
  })
  const at = row?.ms ?? Number.POSITIVE_INFINITY
  // What had left by then may still have been on its way.
  const tries = sink.calls.filter((call) => call.at > at + 500).length
  return { failures: sink.calls.length - tries, tries }
}

/** How long it takes until each vendor is called again, and what becomes of the runs that have waited for that. */
async function recovery(rig: FaultRig, targets: readonly Target[], wellAt: number) {
  const ledger = newLedger()
  await judge({ server: rig.servers[0]!, targets, ledger, withinMs: recoveryMs })
  const found = await rig.postgres.query<{ flow_id: string; status: number; kind: string | null; back_at: number }>({
    text: `select flow_id, run.status, run.error::json ->> 'kind' as kind, extract(epoch from max(step.ended_at))::float8 * 1000 as back_at
           from run join step on run_id = run.id where flow_id = any($1) and ref = 'first' group by run.id`,
    values: [targets.map(({ flowId }) => flowId)],
  })
  const rows = found.map((row) => ({ ...row, status: runStatuses[row.status] }))
  const backAt = (flowId: string) =>
    Math.min(...rows.filter((row) => row.flow_id === flowId && row.status === 'success').map(({ back_at }) => back_at))
  return {
    slowestBackMs: Math.round(Math.max(...targets.map(({ flowId }) => backAt(flowId) - wellAt))),
    waited: rows.filter(({ status }) => status === 'success').length,
    waitedInVain: rows.filter(({ kind }) => kind === 'circuit_open').length,
    stillWaiting: rows.filter(({ status }) => status !== 'success' && status !== 'error').length,
  }
}

async function callingFlow(server: ServerProcess, { manner, sink }: BadVendor): Promise<Target> {
  const response = { status_code: '200', body: 'ok', headers: {} }
  const call = { method: 'POST', url: `${sink.url}/first/{{ web1.id }}`, body: {}, timeout_seconds: timeoutSeconds }
  const { body } = await server.api('POST', '/v1/flows', {
    name: `calls one who is ${manner}`,
    status: 'live',
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook', input: { async: true, response } },
      { ref: 'first', connector: 'http', action: 'request', input: call },
    ],
    arrows: [{ from: 'web1', to: 'first' }],
  })
  const { id: flowId } = body as { id: string }
  const { token } = (await server.api('GET', `/v1/flows/${flowId}/webhook`)).body as { token: string }
  return { flowId, token }
}
