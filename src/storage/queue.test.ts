import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { createQueue, type Job, type JobKindOptions, type Queue } from './queue.ts'

const kinds = {
  work: { retries: 2, retryDelaySeconds: 0, retryDelayMaxSeconds: 1, deadLetter: 'dead' },
  dead: { retries: 0, retryDelaySeconds: 0, retryDelayMaxSeconds: 1 },
  alone: { retries: 0, retryDelaySeconds: 0, retryDelayMaxSeconds: 1, groupConcurrency: 1 },
  timed: { retries: 0, retryDelaySeconds: 0, retryDelayMaxSeconds: 1 },
} as const satisfies Record<string, JobKindOptions>
type Kind = keyof typeof kinds

const { database, open, beforeClose } = await testDatabase()
await database.query({ text: 'create table note (id int)' })

// As in production: a worker and two processes that only accept, started at once on a database without the tables.
const [queue, elsewhere] = [queueOfProcess({ supervise: true }), queueOfProcess({ supervise: false })] as const
await Promise.all([queue.start(), elsewhere.start(), queueOfProcess({ supervise: false }).start()])

test('a job is handed over when the caller’s transaction commits, and not before', async () => {
  await database.transaction(async (tx) => {
    await tx.query({ text: 'insert into note values (1)' })
    const ids = await queue.send(tx, [{ kind: 'work', data: { ids: ['a', 'b'] } }])
    assert.equal(ids.length, 1)
    assert.deepEqual(await elsewhere.fetch('work', 1), [])
  })
  const job = await fetchOne(elsewhere)
  assert.deepEqual(job.data, { ids: ['a', 'b'] })
  assert.equal(job.attempt, 0)
  await elsewhere.complete(undefined, 'work', [job])
})

test('a transaction that is rolled back sends nothing', async () => {
  const failed = database.transaction(async (tx) => {
    await queue.send(tx, [{ kind: 'work', data: {} }])
    throw new Error('no')
  })
  await assert.rejects(failed, /^Error: no$/)
  assert.equal(await queue.size('work'), 0)
})

test('a job is completed when the caller’s transaction commits, and is still held when it is rolled back', async () => {
  await queue.send(undefined, [{ kind: 'work', data: {} }])
  const job = await fetchOne(queue)
  const failed = database.transaction(async (tx) => {
    await queue.complete(tx, 'work', [job])
    throw new Error('no')
  })
  await assert.rejects(failed)
  assert.deepEqual(await queue.touch('work', [job]), [job.id])
  await database.transaction((tx) => queue.complete(tx, 'work', [job]))
  assert.deepEqual(await queue.touch('work', [job]), [])
  assert.equal(await countJobs(), 0)
})

test('the id may be the caller’s, and an id that is taken is not sent again', async () => {
  const [first, second] = [randomUUID(), randomUUID()]
  assert.deepEqual(await queue.send(undefined, [{ kind: 'work', data: {}, id: first }]), [first])
  const sent = await queue.send(
    undefined,
    [first, second].map((id) => ({ kind: 'work', data: {}, id })),
  )
  assert.deepEqual(sent, [second])
  await queue.remove(undefined, 'work', [first, second])
})

test('two processes that fetch at once never get the same job', async () => {
  await queue.send(
    undefined,
    Array.from({ length: 200 }, (_, number) => ({ kind: 'work', data: { number } })),
  )
  const claimed: Job[] = []
  const work = async (from: Queue<Kind>) => {
    for (let jobs = await from.fetch('work', 7); jobs.length > 0; jobs = await from.fetch('work', 7)) {
      claimed.push(...jobs)
      await from.complete(undefined, 'work', jobs)
    }
  }
  await Promise.all([work(queue), work(elsewhere), work(queue), work(elsewhere)])
  assert.equal(claimed.length, 200)
  assert.equal(new Set(claimed.map(({ id }) => id)).size, 200)
})

test('a job for later stays until then, and can be removed, as a dead man’s switch is', async () => {
  const [id] = await queue.send(undefined, [{ kind: 'work', data: {}, afterMs: 60_000 }])
  assert.deepEqual(await queue.fetch('work', 1), [])
  assert.equal(await queue.size('work'), 1)
  await database.transaction((tx) => queue.remove(tx, 'work', [id!]))
  assert.equal(await countJobs(), 0)

  await queue.send(undefined, [{ kind: 'work', data: {}, afterMs: -1 }])
  await queue.complete(undefined, 'work', [await fetchOne(queue)])
})

test('a job that failed comes back, and after its last attempt goes to the dead letters', async () => {
  const [id] = await queue.send(undefined, [{ kind: 'work', data: { poison: true } }])
  for (const attempt of [0, 1, 2]) {
    const job = await fetchOne(queue)
    assert.deepEqual([job.id, job.attempt], [id, attempt])
    await queue.fail('work', [job], 'it was poison')
  }
  const [dead] = await queue.fetch('dead', 1)
  assert.deepEqual(dead?.data, { poison: true })
  await queue.complete(undefined, 'dead', [dead!])
  await database.query({ text: `delete from pgboss.job where state = 'failed'` })
})

test('a dead worker’s job is taken over; when it was only asleep, its claim no longer counts', async () => {
  await elsewhere.send(undefined, [{ kind: 'work', data: {} }])
  const asleep = await fetchOne(elsewhere)
  // Its last heartbeat was longer ago than a living worker's can be.
  await database.query({
    text: `update pgboss.job set heartbeat_on = heartbeat_on - interval '11 s' where name = 'work'`,
  })
  const takenOver = await fetchOne(queue)
  assert.deepEqual([takenOver.id, takenOver.attempt], [asleep.id, 1])

  assert.deepEqual(await elsewhere.touch('work', [asleep]), [])
  await elsewhere.fail('work', [asleep], 'late')
  await elsewhere.complete(undefined, 'work', [asleep])
  assert.deepEqual(await queue.touch('work', [takenOver]), [takenOver.id])
  await queue.complete(undefined, 'work', [takenOver])
})

test('jobs of a group are worked on one at a time where the kind says so', async () => {
  const groups = ['a', 'a', 'b']
  await queue.send(
    undefined,
    groups.map((group) => ({ kind: 'alone', data: { group }, group })),
  )
  const first = await queue.fetch('alone', 10)
  assert.deepEqual(first.map(({ data }) => data.group).sort(), ['a', 'b'])
  assert.deepEqual(await elsewhere.fetch('alone', 10), [])
  await queue.complete(undefined, 'alone', first)
  assert.deepEqual(
    (await queue.fetch('alone', 10)).map(({ data }) => data.group),
    ['a'],
  )
})

test('a schedule is kept with its time zone until it is taken back', async () => {
  await elsewhere.schedule('flow-1', '* * * * *', 'Europe/Berlin', 'timed', { flow: 1 })
  const { rows } = await database.query({ text: 'select name, key, cron, timezone from pgboss.schedule' })
  assert.deepEqual(rows, [{ name: 'timed', key: 'flow-1', cron: '* * * * *', timezone: 'Europe/Berlin' }])
  await elsewhere.unschedule('timed', 'flow-1')
  assert.deepEqual((await database.query({ text: 'select from pgboss.schedule' })).count, 0)
})

test('started again with other options, a kind takes them', async () => {
  const again = queueOfProcess({ supervise: false, kinds: { ...kinds, work: { ...kinds.work, retries: 9 } } })
  await again.start()
  const { rows } = await database.query({ text: `select retry_limit from pgboss.queue where name = 'work'` })
  assert.deepEqual(rows, [{ retry_limit: 9 }])
})

function queueOfProcess(options: { supervise: boolean; kinds?: Record<Kind, JobKindOptions> }): Queue<Kind> {
  const log = {
    warn: (facts: object, message: string) => console.error(message, facts),
    error: (facts: object, message: string) => console.error(message, facts),
  }
  const made = createQueue({ database: open(), kinds, superviseSeconds: 1, log, ...options })
  beforeClose(() => made.stop())
  return made
}

/** Fetches until there is a job: retries pause for a moment, and dead workers are looked for once a second. */
async function fetchOne(from: Queue<Kind>): Promise<Job> {
  const givenUpAt = performance.now() + 10_000
  while (performance.now() < givenUpAt) {
    const [job] = await from.fetch('work', 1)
    if (job) return job
  }
  throw new Error('no job came')
}

async function countJobs(): Promise<number> {
  return (await database.query({ text: 'select from pgboss.job' })).count
}
