import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { createAccounts } from './accounts.ts'
import type { Database } from './database.ts'
import { createDedupe } from './dedupe.ts'
import { createQueue, jobKinds } from './queue.ts'
import { createRunWriter, RunDuplicate, RunStale } from './run-writer.ts'
import type { RunStart } from './storage.ts'

const { database, open, beforeClose } = await testDatabase()
const account = await createAccounts(database).ensureFirst()
const log = { warn: () => undefined, error: () => undefined }
const queue = createQueue({ database, kinds: jobKinds, supervise: false, log })
await queue.start()
beforeClose(() => queue.stop())

const writerOn = (pool: Database) =>
  createRunWriter({ database: pool, queue, now: () => new Date(), onCommit: () => undefined })

function start(flowId: string, key: string, facts: Partial<RunStart> = {}): RunStart {
  const createdAt = facts.createdAt ?? new Date()
  return {
    id: randomUUIDv7(),
    accountId: account.id,
    revision: null,
    flowId,
    version: 1,
    trigger: 'webhook',
    live: true,
    depth: 0,
    retryOf: null,
    createdAt,
    ref: 'web1',
    payload: '{}',
    request: null,
    variables: null,
    raw: null,
    dedupe: { key, expiresAt: new Date(createdAt.getTime() + 60_000) },
    by: 'queue',
    ...facts,
  }
}

async function runsOf(flowId: string): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>({
    text: 'select id from run where flow_id = $1',
    values: [flowId],
  })
  return rows.map(({ id }) => id)
}

/** The run that a request ends up with: its own, or the first one's. */
async function begin(writer: ReturnType<typeof writerOn>, run: RunStart): Promise<string> {
  try {
    await writer.begin(run).durable()
    return run.id
  } catch (error) {
    if (error instanceof RunDuplicate) return error.firstRunId
    throw error
  }
}

test('a hundred parallel copies of a thousand ids, on two processes, start exactly a thousand runs', async () => {
  const flowId = randomUUIDv7()
  const writers = [writerOn(database), writerOn(open())]
  const answers = new Map<string, Set<string>>()
  // In waves, as many as a writer takes at once: more are refused with 503.
  for (let wave = 0; wave < 20; wave++) {
    const copies = Array.from({ length: 5_000 }, async (_, index) => {
      const key = `${wave}-${(index * 7) % 50}`
      const runId = await begin(writers[(index >> 3) % 2]!, start(flowId, key))
      answers.set(key, (answers.get(key) ?? new Set()).add(runId))
    })
    await Promise.all(copies)
  }
  assert.equal(answers.size, 1_000)
  assert.equal((await runsOf(flowId)).length, 1_000)
  assert.ok([...answers.values()].every((runIds) => runIds.size === 1))
})

test('a key of a request that was decided on an old reading of the account is not used up', async () => {
  const flowId = randomUUIDv7()
  const writer = writerOn(database)
  await assert.rejects(writer.begin(start(flowId, 'k', { revision: -1 })).durable(), RunStale)
  const run = start(flowId, 'k')
  assert.equal(await begin(writer, run), run.id)
  // A copy whose reading is old is decided on anew, too: its sender may not be welcome any more.
  await assert.rejects(writer.begin(start(flowId, 'k', { revision: -1 })).durable(), RunStale)
})

test('equal keys of different flows have nothing to do with each other', async () => {
  const writer = writerOn(database)
  const runs = [start(randomUUIDv7(), 'k'), start(randomUUIDv7(), 'k')]
  assert.deepEqual(
    await Promise.all(runs.map((run) => begin(writer, run))),
    runs.map(({ id }) => id),
  )
})

test('a key whose time is over is taken by the next run, and removed when nobody takes it', async () => {
  const flowId = randomUUIDv7()
  const writer = writerOn(database)
  const early = new Date(Date.now() - 120_000)
  const runs = [
    start(flowId, 'k', { createdAt: early }),
    start(flowId, 'k'),
    start(flowId, 'other', { createdAt: early }),
  ]
  for (const run of runs) assert.equal(await begin(writer, run), run.id)
  assert.equal(await createDedupe(database).prune(new Date()), 1)
})
