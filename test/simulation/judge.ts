import { derivedId } from '../../src/engine/derived-id.ts'
import { AppError } from '../../src/errors.ts'
import { RunLost, runStatuses, stepStatuses } from '../../src/flow/run.ts'
import type { WebhookReply } from '../../src/webhook/run-reply.ts'
import { flows, type SimulatedFlow, scheduledFlow } from './flows.ts'
import { epochMs } from './machine.ts'
import type { JobRow, RunRow, StepRow, Tables } from './tables.ts'
import type { Timeline } from './timeline.ts'
import type { Vendor, VendorCall } from './vendor.ts'

/** A request that the simulated senders made. */
export interface Sent {
  flow: SimulatedFlow
  id: string
  key: string
}

const firstFinal = runStatuses.indexOf('success')
const success = stepStatuses.indexOf('success')

/** A process that was stopped or cut off for so long goes on with what it did before. */
const longestTroubleMs = 70_000

function runsOf(job: JobRow | undefined): string[] {
  return job?.name === 'run_flow' ? (job.data as { ids: string[] }).ids : []
}

/** What is done every few seconds: one that PostgreSQL ends to resolve a deadlock comes again. */
const repeated: ReadonlySet<string> = new Set(['maintenance', 'the heartbeat failed', 'held runs could not be renewed'])

/** Watches a simulation, and says what was promised and not kept. */
export class Judge {
  readonly violations: string[] = []
  /** When things happened that may each make a step that is under way run once more. */
  readonly #disturbances: number[] = []
  readonly #timeline: Timeline
  readonly #tables: Tables
  readonly #vendor: Vendor
  readonly #accepted = new Map<string, Sent>()
  readonly #answers = new Map<string, string>()
  /** Runs in the order in which their lane got to know them, by flow and key. */
  readonly #lanes = new Map<string, { id: string; position: number }[]>()
  /** Who has claimed the job of a run. */
  readonly #owners = new Map<string, string>()
  readonly #startedAt = new Map<string, number>()
  readonly #endedAt = new Map<string, number>()
  readonly #successes = new Map<string, number>()
  readonly #dueTaken: number[] = []

  constructor(timeline: Timeline, tables: Tables, vendor: Vendor) {
    this.#timeline = timeline
    this.#tables = tables
    this.#vendor = vendor
    tables.run.onCommit = (id, before, after) => this.#runChanged(id, before, after)
    tables.step.onCommit = (_key, before, after, by) => this.#stepChanged(before, after, by)
    tables.job.onCommit = (_id, before, after, by) => {
      // The claim that a process holds: from then on nobody else may write to its runs.
      if (before?.state === 'active' && after?.state === 'active') return
      for (const run of runsOf(before)) this.#owners.delete(run)
      if (after?.state === 'active') for (const run of runsOf(after)) this.#owners.set(run, by)
    }
    tables.step.onLeftOut = (key) => this.violation(`two processes wrote the record ${key}`)
    tables.lane.onCommit = (id, before, after) => {
      if (before === undefined && after !== undefined && after.key !== null) {
        const lane = `${after.flow_id} ${after.key}`
        this.#lanes.set(lane, [...(this.#lanes.get(lane) ?? []), { id, position: after.position }])
      }
      if (after !== undefined) this.#countAdmitted(after.flow_id)
    }
    tables.schedule.onCommit = (_id, before, after) => {
      // The next time is a minute after the one that was taken.
      if (before !== undefined && after?.next_at) this.#dueTaken.push(after.next_at - 60_000)
    }
    vendor.onCall = (call) => this.#called(call)
  }

  get disturbances(): number {
    return this.#disturbances.length
  }

  disturbed(): void {
    this.#disturbances.push(this.#timeline.now)
  }

  violation(text: string): void {
    this.violations.push(`${Math.round(this.#timeline.now)} ms: ${text}`)
  }

  /** An answer as its sender got it. */
  replied(sent: Sent, reply: WebhookReply) {
    if (reply.runId === null) return this.violation('an answer without a run')
    this.#isAccepted(sent, reply.runId)
    if (!sent.flow.isSync) return
    const run = this.#tables.run.see(reply.runId)
    if (run !== undefined && run.status < firstFinal)
      this.violation(`${run.id} was answered before its end was on disk`)
    if (reply.status === 200 && reply.body !== sent.id)
      this.violation(`${reply.runId} was answered "${reply.body}" instead of "${sent.id}"`)
    const first = this.#answers.get(reply.runId) ?? JSON.stringify([reply.status, reply.body])
    if (JSON.stringify([reply.status, reply.body]) !== first)
      this.violation(`copies of ${sent.id} got different answers`)
    this.#answers.set(reply.runId, first)
  }

  refused(sent: Sent, error: unknown) {
    if (!(error instanceof AppError)) return this.violation(`a sender got an internal error: ${String(error)}`)
    if (error.code === 'overloaded') return
    const { flow_run_id } = (error.envelope as { data?: { flow_run_id?: string } }).data ?? {}
    if (flow_run_id === undefined) return this.violation(`a sender was refused: ${error.code} ${error.message}`)
    this.#isAccepted(sent, flow_run_id)
  }

  /** An error that a process logged: an outage is one, a bug is not. */
  logged(error: unknown, message: string): void {
    if (error instanceof AppError && error.code === 'overloaded') return
    if (error instanceof RunLost) return
    if (repeated.has(message) && error instanceof Error && 'code' in error && error.code === '40P01') return
    this.violation(`${message}: ${error instanceof Error ? error.stack : String(error)}`)
  }

  #isAccepted(sent: Sent, runId: string): void {
    this.#accepted.set(runId, sent)
    if (this.#tables.run.see(runId) === undefined) this.violation(`${runId} was answered and is not on disk`)
  }

  #runChanged(id: string, before: RunRow | undefined, after: RunRow | undefined) {
    if (after === undefined) return this.violation(`${id} is gone`)
    if (before === undefined) this.#startedAt.set(id, this.#timeline.now)
    if (before !== undefined && before.status >= firstFinal) {
      this.violation(`${id} was ${runStatuses[before.status]} and became ${runStatuses[after.status]}`)
    }
    if (after.status >= firstFinal) this.#endedAt.set(id, this.#timeline.now)
  }

  #stepChanged(before: StepRow | undefined, after: StepRow | undefined, by: string): void {
    if (after === undefined || before !== undefined) return
    const owner = this.#owners.get(after.run_id)
    if (owner !== undefined && owner !== by)
      this.violation(`${by} wrote to ${after.run_id}, which ${owner} has taken over`)
    const ended = this.#endedAt.get(after.run_id)
    if (ended !== undefined && ended < this.#timeline.now) this.violation(`${after.run_id} got a record after its end`)
    if (after.status !== success || after.seq === 0) return
    const key = derivedId(after.run_id, `${after.ref}|${after.path}`)
    if (this.#successes.has(key)) this.violation(`"${after.ref}" of ${after.run_id} has ended twice`)
    else this.#successes.set(key, this.#timeline.now)
  }

  #countAdmitted(flowId: string): void {
    const limit = Object.values(flows).find(({ flow }) => flow.id === flowId)?.flow.settings.max_concurrent_runs ?? null
    if (limit === null) return
    const admitted = this.#tables.lane.all().filter(([, row]) => row.flow_id === flowId && row.admitted_at !== null)
    if (admitted.length > limit)
      this.violation(`${admitted.length} runs at the same time in a flow that allows ${limit}`)
  }

  #called({ key, machine }: VendorCall): void {
    const done = this.#successes.get(key)
    if (done !== undefined && done < this.#timeline.now - 10)
      this.violation(`${machine} ran a finished step again: ${key}`)
    for (const [lane, runs] of this.#lanes) {
      const place = runs.findIndex(({ id }) => ['con1|', 'con2|'].some((step) => derivedId(id, step) === key))
      const mine = runs[place]
      // Of two that were accepted at the same moment on two machines, either may be the first.
      const ahead = runs.slice(0, Math.max(0, place)).filter(({ position }) => position < mine!.position)
      const left = ahead.find(({ id }) => !this.#endedAt.has(id))
      if (left !== undefined) this.violation(`${mine!.id} overtook ${left.id} in ${lane}`)
    }
  }

  /** When all is quiet, or the time is up. */
  conclude(sent: readonly Sent[]): void {
    const runs = this.#tables.run.all().map(([, row]) => row)
    for (const { id, status } of runs) {
      if (status < firstFinal) this.violation(`${id} has not ended: it is ${runStatuses[status]}`)
    }
    for (const [, { id, name, state }] of this.#tables.job.all()) {
      if (state !== 'failed') this.violation(`the job ${id} (${name}) is left over: ${state}`)
    }
    for (const [id] of this.#tables.lane.all()) this.violation(`${id} is still in its lane`)
    this.#judgeCopies(sent, runs)
    this.#judgeSchedule(runs)
    this.#judgeCalls(runs)
    this.#judgeDeadly(runs)
  }

  #payload(runId: string): { id?: string; scheduled_at?: string } {
    return JSON.parse(this.#tables.step.see(`${runId}|0`)?.input ?? '{}')
  }

  #judgeCopies(sent: readonly Sent[], runs: readonly RunRow[]): void {
    const known = new Set(sent.map(({ flow, id }) => `${flow.flow.id} ${id}`))
    const started = new Map<string, number>()
    for (const { id, flow_id, trigger } of runs) {
      if (trigger !== 0) continue
      const request = `${flow_id} ${this.#payload(id).id}`
      if (!known.has(request)) this.violation(`${id} was made up: nobody sent ${request}`)
      started.set(request, (started.get(request) ?? 0) + 1)
    }
    for (const { flow, id } of sent) {
      const count = started.get(`${flow.flow.id} ${id}`) ?? 0
      if (flow.dedupes && count > 1) this.violation(`${count} runs for the copies of ${id}`)
    }
  }

  #judgeSchedule(runs: readonly RunRow[]): void {
    const times = runs.flatMap(({ id, flow_id }) =>
      flow_id === scheduledFlow.id ? [this.#payload(id).scheduled_at] : [],
    )
    const due = this.#dueTaken.map((ms) => new Date(ms).toISOString())
    if (new Set(due).size !== due.length) this.violation(`a time was handed out twice: ${due}`)
    const late = this.#tables.schedule
      .all()
      .filter(([, { next_at }]) => next_at !== null && next_at < epochMs + this.#timeline.now)
    if (late.length > 0) this.violation('a flow whose time has come is not started')
    if (times.toSorted().join() !== due.toSorted().join()) this.violation(`due ${due}, but started ${times}`)
  }

  /** Every call belongs to a step of a run, and no step was called more often than it was tried and disturbed. */
  #judgeCalls(runs: readonly RunRow[]): void {
    const counts = new Map<string, number>()
    for (const { key } of this.#vendor.calls) counts.set(key, (counts.get(key) ?? 0) + 1)
    const attempts = new Map<string, number>()
    for (const [, { run_id, ref, path, attempt }] of this.#tables.step.all()) {
      const key = derivedId(run_id, `${ref}|${path}`)
      attempts.set(key, Math.max(attempts.get(key) ?? 1, attempt))
    }
    const paths = ['', '0', '1', '2']
    const runOf = new Map(
      runs.flatMap((run) =>
        ['con1', 'con2'].flatMap((ref) => paths.map((path) => [derivedId(run.id, `${ref}|${path}`), run] as const)),
      ),
    )
    for (const [key, count] of counts) {
      const run = runOf.get(key)
      if (run === undefined) {
        this.violation(`a call with a key that belongs to no step: ${key}`)
        continue
      }
      const allowed = (attempts.get(key) ?? 1) + this.#disturbancesOf(run)
      if (count > allowed) this.violation(`${count} calls of one step of ${run.id}; ${allowed} can be explained`)
    }
  }

  /** While the run was under way, and shortly before: a cut may be found out about later. */
  #disturbancesOf({ id }: RunRow): number {
    const begun = this.#startedAt.get(id) ?? 0
    const ended = this.#endedAt.get(id) ?? this.#timeline.now
    return this.#disturbances.filter((at) => at > begun - longestTroubleMs && at < ended).length
  }

  /** A run that kills its process each time is given up after three; no other one is. */
  #judgeDeadly(runs: readonly RunRow[]): void {
    for (const { id, flow_id, error } of runs) {
      const isGivenUp = error !== null && JSON.parse(error).kind === 'gave_up'
      const isDeadly = flow_id === flows.deadly!.flow.id
      if (isGivenUp && !isDeadly && this.disturbances < 3)
        this.violation(`${id} was given up after ${this.disturbances} disturbances`)
      if (!isDeadly) continue
      const deaths = this.#vendor.calls.filter(({ key }) => key === derivedId(id, 'con1|')).length
      if (deaths > 3 + this.#outagesOf(id)) this.violation(`${id} killed ${deaths} processes`)
    }
  }

  /** Attempts that an outage has cost the run's job, which do not count. */
  #outagesOf(runId: string): number {
    const jobs = this.#tables.job.all().filter(([, job]) => runsOf(job).includes(runId))
    return Math.max(0, ...jobs.map(([, { data }]) => (data as { outages?: number }).outages ?? 0))
  }
}
