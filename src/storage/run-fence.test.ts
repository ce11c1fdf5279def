import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { systemClock } from '../clock.ts'
import { RunLost, type StepRecord } from '../flow/run.ts'
import { giveUpRuns } from '../worker/give-up-runs.ts'
import { createAccounts } from './accounts.ts'
import { createQueue, type Job, jobKinds } from './queue.ts'
import { createRunWriter, type RunLog, type RunWriter } from './run-writer.ts'
import { createRuns } from './runs.ts'
import type { RunStart } from './storage.ts'

const { database, beforeClose } = await testDatabase()
// The queue's times are the database's: what is due is compared with them.
const clock = { now: new Date() }
const log = { warn: () => undefined, error: () => undefined }
const queue = createQueue({ database, kinds: jobKinds, supervise: false, log })
await queue.start()
beforeClose(() => queue.stop())
const runs = createRuns(database)
/** How much longer than it seems everything has taken: a process that was stopped finds out by that. */
let stoppedMs = 0
const writer: RunWriter = createRunWriter({
  database,
  queue,
  now: () => clock.now,
  clock: { ...systemClock, elapsedMs: () => performance.now() + stoppedMs },
  onCommit: () => undefined,
})
const { id: accountId } = await createAccounts(database).ensureFirst()
const flowId = randomUUIDv7()

function start(by: RunStart['by']): RunLog {
  return writer.begin({
    id: randomUUIDv7(),
    accountId,
    revision: null,
    flowId,
    version: 1,
    trigger: 'webhook',
    live: true,
    depth: 0,
    retryOf: null,
    createdAt: clock.now,
    ref: 'web1',
    payload: '{}',
    request: null,
    variables: null,
    raw: null,
    by,
  })
}

const step = (ref: string): StepRecord => ({
  ref,
  path: '',
  attempt: 1,
  status: 'success',
  startedAt: clock.now,
  endedAt: clock.now,
  label: null,
  input: {},
  output: 1,
  error: null,
  requestUrl: null,
  responseCode: null,
  resumeAt: null,
})

const success = () => ({ outcome: { status: 'success' }, at: clock.now, title: null, keep: 'all' }) as const
const claimed = (job: Job, runId: string) => ({ job, left: new Set([runId]) })

/** The job of a run, once it can be fetched: after a failure it comes back with a pause. */
async function fetchJob(): Promise<Job> {
  for (;;) {
    const [job] = await queue.fetch('run_flow', 1)
    if (job !== undefined) return job
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What happens to the job of a worker that has been silent for too long. */
async function takeOver(job: Job): Promise<Job> {
  await queue.fail('run_flow', [job], 'silent')
  return fetchJob()
}

const refsOf = async (runId: string) => (await runs.steps(accountId, runId)).map(({ ref }) => ref)

test('a run that ends while its start is being written leaves no job behind', async () => {
  const logs = [start('held'), start('held')]
  const [sameBatch, nextBatch] = logs as [RunLog, RunLog]
  const first = [sameBatch.durable(), sameBatch.end(success()), nextBatch.durable()]
  // The commit of the first ones is under way by then.
  await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([...first, nextBatch.end(success())])
  assert.equal(await queue.size('run_flow'), 0)
  for (const { runId } of logs) assert.equal((await runs.find(accountId, runId))?.status, 'success')
})

test('what happened to a run and its end may be in one commit, in two parts', async () => {
  const { runId } = await begun('queue')
  const log = writer.resume({ id: runId, accountId, flowId }, 1, claimed(await fetchJob(), runId))
  log.record(step('first'))
  await Promise.all([log.durable(), log.end(success())])
  assert.equal((await runs.find(accountId, runId))?.status, 'success')
})

test('a commit that the database ends to resolve a deadlock is sent again', async () => {
  const logs: RunLog[] = []
  while (logs.length < 2) {
    const { runId } = await begun('queue')
    logs.push(writer.resume({ id: runId, accountId, flowId }, 1, claimed(await fetchJob(), runId)))
  }
  const [first, second] = logs.map(({ runId }) => runId).toSorted()
  const lock = (id?: string) => other.query('select from run where id = $1 for update', [id])
  const other = await database.session()
  // The commit is the one to give up.
  await other.query(`set deadlock_timeout = '1h'; begin`)
  await lock(second)
  const ends = Promise.all(logs.map((log) => log.end(success())))
  for (let waiting = 0; waiting === 0; ) {
    const text = `select count(*)::int as waiting from pg_locks where not granted`
    waiting = (await database.query<{ waiting: number }>({ text })).rows[0]!.waiting
  }
  // Granted by nothing but the end of the commit, which itself waits for this session.
  await lock(first)
  await other.query('commit')
  await other.end()
  await ends
  for (const { runId } of logs) assert.equal((await runs.find(accountId, runId))?.status, 'success')
})

test('what a worker writes after its job was taken over does not count', async () => {
  const { runId } = await begun('queue')
  const job = await fetchJob()
  const zombie = writer.resume({ id: runId, accountId, flowId }, 1, claimed(job, runId))
  zombie.record(step('before'))
  await zombie.durable()
  const owner = await takeOver(job)
  const log = writer.resume({ id: runId, accountId, flowId }, 2, claimed(owner, runId))

  zombie.record(step('too late'))
  await assert.rejects(zombie.durable(), (error) => error instanceof RunLost && !error.cancelled)
  await assert.rejects(zombie.end(success()), RunLost)
  assert.equal((await runs.find(accountId, runId))?.status, 'running')

  log.record(step('after'))
  await log.end(success())
  assert.deepEqual(await refsOf(runId), ['web1', 'before', 'after'])
  assert.equal(await queue.size('run_flow'), 0)
})

test('a lost run does not keep the others of the same commit from being written', async () => {
  const { runId } = await begun('queue')
  const job = await fetchJob()
  const zombie = writer.resume({ id: runId, accountId, flowId }, 1, claimed(job, runId))
  const owner = await takeOver(job)
  const other = start('queue')
  const [lost, written] = await Promise.allSettled([zombie.end(success()), other.durable()])
  assert.deepEqual([lost.status, written.status], ['rejected', 'fulfilled'])
  await writer.resume({ id: runId, accountId, flowId }, 1, claimed(owner, runId)).end(success())
  await writer.resume({ id: other.runId, accountId, flowId }, 1, claimed(await fetchJob(), other.runId)).end(success())
})

test('a held run that was taken over is neither renewed nor ended by the process that held it', async () => {
  const log = await begun('held')
  assert.deepEqual(await queue.fetch('run_flow', 1), [], 'the takeover is not due yet')
  await database.query({ text: `update pgboss.job set start_after = now() where name = 'run_flow'` })
  const owner = await fetchJob()
  await writer.renewHeld()
  assert.deepEqual(await queue.touch('run_flow', [owner]), [owner.id], 'the new owner keeps its claim')
  await assert.rejects(log.end(success()), RunLost)
  await writer.resume({ id: log.runId, accountId, flowId }, 1, claimed(owner, log.runId)).end(success())
  assert.equal((await runs.find(accountId, log.runId))?.status, 'success')
})

test('a held run is not its holder’s again when who took it over has fallen silent', async () => {
  const log = await begun('held')
  await database.query({ text: `update pgboss.job set start_after = now() where name = 'run_flow'` })
  const taken = await fetchJob()
  await queue.fail('run_flow', [taken], 'it fell silent')
  log.record(step('too late'))
  await assert.rejects(log.durable(), (error) => error instanceof RunLost && !error.cancelled)
  const owner = await fetchJob()
  await writer.resume({ id: log.runId, accountId, flowId }, 1, claimed(owner, log.runId)).end(success())
})

test('renewing puts the takeover off; handing over makes it due', async () => {
  const log = await begun('held')
  const due = async () => {
    const { rows } = await database.query<{ due: boolean }>({
      text: `select start_after <= now() as due from pgboss.job where name = 'run_flow'`,
    })
    return rows.map((row) => row.due)
  }
  assert.deepEqual(await due(), [false])
  await writer.handOverHeld()
  assert.deepEqual(await due(), [true])
  await writer.renewHeld()
  assert.deepEqual(await due(), [false])
  await log.end(success())
  assert.deepEqual(await due(), [])
})

test('a held run that the process can not go on with is renewed no more, so that a worker takes it over', async () => {
  const log = await begun('held')
  log.letGo()
  await database.query({ text: `update pgboss.job set start_after = now() where name = 'run_flow'` })
  await writer.renewHeld()
  const owner = await fetchJob()
  await writer.resume({ id: log.runId, accountId, flowId }, 1, claimed(owner, log.runId)).end(success())
})

test('a run that ends while it is asked whether it is still ours has ended', async () => {
  const log = await begun('held')
  stoppedMs += 60_000
  await Promise.all([log.durable(), log.end(success())])
  assert.equal((await runs.find(accountId, log.runId))?.status, 'success')
})

test('runs whose job is used up end as errors that say so, and what has ended stays as it is', async () => {
  const [poison, done] = [await begun('queue'), await begun('queue')]
  poison.record(step('big1'))
  await poison.durable()
  await done.end(success())
  await giveUpRuns({ ids: [poison.runId, done.runId] }, { runs, writer, now: () => clock.now })
  const given = await runs.find(accountId, poison.runId)
  assert.equal(given?.status, 'error')
  assert.deepEqual([given?.error?.kind, given?.error?.ref], ['gave_up', 'big1'])
  assert.match(given?.error?.message ?? '', /after the step "big1": in 3 attempts the process .* run it again/)
  assert.equal((await runs.find(accountId, done.runId))?.status, 'success')
})

async function begun(by: RunStart['by']): Promise<RunLog> {
  const log = start(by)
  await log.durable()
  return log
}

test('a run that rests is not in the job any more that it came with and that goes on for others', async () => {
  await queue.complete(undefined, 'run_flow', await queue.fetch('run_flow', 100))
  const [resting, other] = [start('queue'), start('queue')]
  await Promise.all([resting.durable(), other.durable()])
  const job = await fetchJob()
  assert.deepEqual(job.data.ids, [resting.runId, other.runId])
  const [stored] = await runs.unfinished([resting.runId])
  const log = writer.resume(stored!, stored!.nextSeq, { job, left: new Set([resting.runId, other.runId]) })
  const resumeAt = new Date(clock.now.getTime() + 3_600_000)
  await log.end({ ...success(), outcome: { status: 'waiting', resumeAt } })
  // As when the worker has died with the other one.
  await queue.fail('run_flow', [job], 'it fell silent')
  const again = await fetchJob()
  assert.equal(again.id, job.id)
  assert.deepEqual(again.data.ids, [other.runId])
  await queue.complete(undefined, 'run_flow', [again])
})
