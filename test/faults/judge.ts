import { setTimeout as pause } from 'node:timers/promises'
import type { ServerProcess } from '../rig/server-process.ts'
import { atMost, type Report } from './fault-test.ts'
import type { Ledger, Target } from './load.ts'
import type { SinkCall } from './sink.ts'

/**
 * What the product made of what was sent to it, by its public API and by what the vendor has seen. A is what was
 * accepted, E what was executed, S what was sent.
 */
export interface Findings extends Report {
  sent: number
  accepted: number
  /** A minus E: accepted, and without a run of that id that ended in success. */
  lost: number
  /** E minus S: runs of something that was never sent. */
  phantoms: number
  /** Requests whose flow has ended in success more than once. */
  repeated: number
  /** Runs without an end a minute after the last disturbance. */
  unfinished: number
}

export interface JudgeOptions {
  /** The one that is asked. */
  server: ServerProcess
  targets: readonly Target[]
  ledger: Ledger
  /** How long runs may take to end; default 60 s. */
  withinMs?: number
}

/** Waits until nothing is under way any more, and compares. */
export async function judge({ server, targets, ledger, withinMs = 60_000 }: JudgeOptions): Promise<Findings> {
  const runs = await untilEnded(server, targets, withinMs)
  const byRun = new Map(runs.map((run) => [run.id, run]))
  const payloads = await payloadIds(server, runs)
  const successes = new Map<string, number>()
  for (const { id, status } of runs) {
    const sentId = payloads.get(id) ?? ''
    if (status === 'success') successes.set(sentId, (successes.get(sentId) ?? 0) + 1)
  }
  const wasLost = ([sentId, runId]: [string, string]) =>
    byRun.get(runId)?.status !== 'success' || payloads.get(runId) !== sentId
  return {
    sent: ledger.sent.size,
    accepted: ledger.accepted.size,
    lost: [...ledger.accepted].filter(wasLost).length,
    phantoms: [...payloads.values()].filter((id) => !ledger.sent.has(id)).length,
    repeated: [...successes.values()].filter((count) => count > 1).length,
    unfinished: runs.filter(({ status }) => !hasEnded(status)).length,
  }
}

/** The part of the verdict that is the same in every test. */
export function invariantsBroken(report: Report): string[] {
  return ['lost', 'phantoms', 'repeated', 'unfinished'].flatMap((name) => atMost(report, name, 0))
}

/** What the vendor has seen of flows whose steps `first` and `second` call it one after the other. */
export interface CallFindings extends Report {
  calls: number
  /** A minus E once more: accepted, and the vendor has not seen both calls. */
  notCalled: number
  /** Calls of a step that had finished: `first` again after `second`. */
  finishedStepsRepeated: number
  /** Calls that were under way when their process died, made again. */
  inFlightStepsRepeated: number
  /** Repeated calls that did not carry the key of the first one, and steps that share a key. */
  wrongKeys: number
}

export function judgeCalls(calls: readonly SinkCall[], { accepted }: Pick<Ledger, 'accepted'>): CallFindings {
  const byId = Map.groupBy(calls, ({ id }) => id)
  const found = { notCalled: 0, finishedStepsRepeated: 0, inFlightStepsRepeated: 0, wrongKeys: 0 }
  for (const own of byId.values()) {
    const secondAt = own.findIndex(({ step }) => step === 'second')
    const late = secondAt < 0 ? [] : own.slice(secondAt).filter(({ step }) => step === 'first')
    const keys = new Set(own.map(({ key }) => key))
    const steps = new Set(own.map(({ step }) => step))
    found.finishedStepsRepeated += late.length
    found.inFlightStepsRepeated += own.length - steps.size - late.length
    if (keys.size !== steps.size || keys.has('')) found.wrongKeys += 1
  }
  for (const id of accepted.keys()) {
    const steps = new Set((byId.get(id) ?? []).map(({ step }) => step))
    if (!steps.has('first') || !steps.has('second')) found.notCalled += 1
  }
  return { calls: calls.length, ...found }
}

/** `mostInFlight`: how many steps may have been under way when processes died, in all. */
export function callsBroken(report: Report, mostInFlight: number): string[] {
  return [
    ...['notCalled', 'finishedStepsRepeated', 'wrongKeys'].flatMap((name) => atMost(report, name, 0)),
    ...atMost(report, 'inFlightStepsRepeated', mostInFlight),
  ]
}

interface RecordedRun {
  id: string
  status: string
}

function hasEnded(status: string): boolean {
  return status === 'success' || status === 'error' || status === 'cancelled'
}

async function untilEnded(server: ServerProcess, targets: readonly Target[], withinMs: number): Promise<RecordedRun[]> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const isLate = performance.now() > deadline
    const underWay = await Promise.all(
      targets.map(({ flowId }) => page(server, `flow_id=${flowId}&limit=1&status=queued,running,waiting,retrying`)),
    )
    if (isLate || underWay.every(({ data }) => data.length === 0)) break
    await pause(250)
  }
  return (await Promise.all(targets.map(({ flowId }) => allRuns(server, flowId)))).flat()
}

async function allRuns(server: ServerProcess, flowId: string): Promise<RecordedRun[]> {
  const runs: RecordedRun[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const { data, next_cursor }: RunPage = await page(
      server,
      `flow_id=${flowId}&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    runs.push(...data)
    cursor = next_cursor
  }
  return runs
}

interface RunPage {
  data: RecordedRun[]
  next_cursor: string | null
}

async function page(server: ServerProcess, query: string): Promise<RunPage> {
  const { status, body } = await server.api('GET', `/v1/flow-runs?${query}`)
  if (status !== 200) throw new Error(`the runs can't be listed: ${JSON.stringify(body)}`)
  return body
}

/** What each run was started with, a few at a time. */
async function payloadIds(server: ServerProcess, runs: readonly RecordedRun[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  for (let at = 0; at < runs.length; at += 32) {
    await Promise.all(
      runs.slice(at, at + 32).map(async ({ id }) => {
        const read = () => server.api('GET', `/v1/flow-runs/${id}/steps`)
        let answer = await read()
        // The machine may still be busy with what the test has left behind.
        while (answer.status === 503) {
          await pause(100)
          answer = await read()
        }
        if (answer.status !== 200) throw new Error(`the steps can't be read: ${JSON.stringify(answer.body)}`)
        const { data } = answer.body as { data: { input: { id: string } }[] }
        ids.set(id, data[0]?.input.id ?? '')
      }),
    )
  }
  return ids
}
