import type { Database, Transaction } from '../../src/storage/database.ts'
import { claimKeys, createDedupe, storeAnswers } from '../../src/storage/dedupe.ts'
import type { JobReference } from '../../src/storage/job-statements.ts'
import type { Job } from '../../src/storage/queue.ts'
import { createRunLanes, enterLanes, leaveLanes } from '../../src/storage/run-lanes.ts'
import {
  endRuns,
  insertAllRuns,
  insertRuns,
  insertSteps,
  lockAllUnfinished,
  lockUnfinished,
  markRuns,
  pruneSteps,
  type StepRow,
} from '../../src/storage/run-statements.ts'
import { createRuns } from '../../src/storage/runs.ts'
import { createSchedules } from '../../src/storage/schedules.ts'
import type { RunEnd, RunStart } from '../../src/storage/storage.ts'
import type { Store } from './both-stores.ts'

/**
 * What is done to a store and what is seen of it, by what it shows. The model of the simulation and PostgreSQL must
 * answer all of it alike.
 */
export const conformance: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  'a run is inserted once, and only on the revision it was decided on': async (store) => {
    const { database, settled } = store
    const insert = (start: RunStart) =>
      settled(database.transaction((tx) => insertRuns(tx, [{ ...start, status: 'queued', end: null }])))
    const first = [...(await insert(run(store, 1, { revision: 1 })))]
    const again = [...(await insert(run(store, 1, { revision: 1 })))]
    await store.raiseRevision()
    const stale = [...(await insert(run(store, 2, { revision: 1 })))]
    const any = [...(await insert(run(store, 3, { revision: null })))]
    return { first, again, stale, any }
  },

  'runs are inserted all or none where nobody looks at the answer': async (store) => {
    const { database, settled } = store
    const insert = (...starts: RunStart[]) =>
      settled(
        database
          .transaction(async (tx, commitUnseen) => {
            const inserted = insertAllRuns(
              tx,
              starts.map((start) => ({ ...start, status: 'queued', end: null })),
            )
            commitUnseen()
            return [...(await inserted)]
          })
          .catch((error: Error & { code?: string }) => error.code),
      )
    const both = await insert(run(store, 1, { revision: 1 }), run(store, 2))
    const taken = await insert(run(store, 3), run(store, 1))
    await store.raiseRevision()
    const stale = await insert(run(store, 4), run(store, 5, { revision: 1 }))
    return { both, taken, stale, left: await statuses(store, 1, 2, 3, 4, 5) }
  },

  'runs and jobs are locked all or none where nobody looks at the answer': async (store) => {
    const { database, queue, settled } = store
    const attempt = (work: (tx: Transaction) => Promise<unknown>) =>
      settled(
        database
          .transaction(async (tx, commitUnseen) => {
            const working = work(tx)
            commitUnseen()
            await working
            return 'committed'
          })
          .catch((error: Error & { code?: string }) => error.code),
      )
    await started(store, 1, 2)
    await settled(database.transaction((tx) => endRuns(tx, [{ ...success, runId: id(2) }])))
    const jobs = [11, 12, 13].map((each) => ({ kind: 'run_flow' as const, id: id(each), data: {} }))
    await settled(queue.send(undefined, jobs))
    const [one, two] = await settled(queue.fetch('run_flow', 2))
    const waiting = [11, 12, 13].map(id).filter((each) => each !== one!.id && each !== two!.id)
    const lock = (...references: JobReference[]) => attempt((tx) => queue.lockAll(tx, 'run_flow', references))
    return {
      open: await attempt((tx) => lockAllUnfinished(tx, [id(1), id(1)])),
      ended: await attempt((tx) => lockAllUnfinished(tx, [id(1), id(2)])),
      unknown: await attempt((tx) => lockAllUnfinished(tx, [id(3)])),
      held: await lock(one!, two!, ...waiting),
      anotherAttempt: await lock(one!, { ...two!, attempt: 1 }),
      twice: await lock(one!, { ...one!, attempt: 1 }),
      claimedMeanwhile: await lock(one!.id),
      notClaimed: await lock({ id: waiting[0]!, attempt: 0 }),
    }
  },

  'an insert of an id that is being inserted waits, and then finds it there or not': async (store) => {
    const seen = []
    for (const [number, commits] of [
      [1, false],
      [2, true],
      [2, true],
    ] as const) {
      const insert = (tx: Transaction) => insertRuns(tx, [{ ...run(store, number), status: 'queued', end: null }])
      const first = await openTransaction(store, insert)
      const second = store.database.transaction(insert)
      const blocked = await store.isBlocked(second)
      await first.end(commits)
      seen.push({ first: [...first.result], blocked, second: [...(await store.settled(second))] })
    }
    return seen
  },

  'a run that is locked to be gone on with can’t be cancelled meanwhile, and one that has ended is lost': async (
    store,
  ) => {
    const { database, settled } = store
    const runs = createRuns(database)
    await started(store, 1, 2, 3)
    const walking = await openTransaction(store, (tx) => lockUnfinished(tx, [id(2), id(1)]))
    const cancelling = runs.cancel(store.accountId, id(1))
    const blocked = await store.isBlocked(cancelling)
    await settled(walking.run((tx) => markRuns(tx, [id(1)], 'running')))
    await walking.end(true)
    const cancelled = await settled(cancelling)
    await settled(database.transaction((tx) => endRuns(tx, [{ ...success, runId: id(2) }])))
    const locked = await settled(database.transaction((tx) => lockUnfinished(tx, [1, 2, 3, 4].map(id))))
    const again = await settled(runs.cancel(store.accountId, id(1)))
    return { blocked, cancelled, locked: [...locked], again, left: await statuses(store, 1, 2, 3) }
  },

  'records are kept once each, in their order, and pruned as the flow wants it': async (store) => {
    const { database, settled } = store
    await started(store, 1, 2, 3)
    const rows = [1, 2, 3].flatMap((each) => [step(each, 2, 'b', 'it broke'), step(each, 1, 'a'), step(each, 0, '')])
    await settled(database.transaction((tx) => insertSteps(tx, rows)))
    await settled(database.transaction((tx) => insertSteps(tx, [step(1, 1, 'other')])))
    const before = await stored(store, 1, 2, 3)
    const ends = (['all', 'failed', 'none'] as const).map((keep, place) => ({ ...success, keep, runId: id(place + 1) }))
    await settled(database.transaction((tx) => pruneSteps(tx, ends)))
    return { before, after: await stored(store, 1, 2, 3) }
  },

  'a resting run is unfinished, says until when, and is running again when it is gone on with': async (store) => {
    const { database, settled } = store
    await started(store, 1)
    const resumeAt = new Date('2026-03-01T10:00:00.250Z')
    const rest = { ...success, outcome: { status: 'waiting', resumeAt } } as const
    await settled(database.transaction((tx) => endRuns(tx, [{ ...rest, runId: id(1) }])))
    const resting = await stored(store, 1)
    await settled(database.transaction((tx) => markRuns(tx, [id(1)], 'running')))
    return { resting, running: await stored(store, 1) }
  },

  'of equal requests one claims the key, at the same time or later, until its time is over': async (store) => {
    const { database, settled } = store
    const claim = (tx: Transaction, ...numbers: number[]) =>
      claimKeys(
        tx,
        numbers.map((number) => run(store, number, { dedupe: { key: 'k', expiresAt: at(number < 8 ? 100 : 200) } })),
      )
    const first = await openTransaction(store, (tx) => claim(tx, 1, 2))
    const second = database.transaction((tx) => claim(tx, 3))
    const blocked = await store.isBlocked(second)
    await first.end(true)
    const copies = { first: [...first.result], second: [...(await settled(second))] }
    await settled(database.transaction((tx) => storeAnswers(tx, [{ runId: id(1), answer: 'one' }])))
    await settled(database.transaction((tx) => storeAnswers(tx, [{ runId: id(1), answer: 'two' }])))
    const answered = await settled(createDedupe(database).firstRun(id(1)))
    const late = run(store, 8, { createdAt: at(100), dedupe: { key: 'k', expiresAt: at(200) } })
    const over = [...(await settled(database.transaction((tx) => claimKeys(tx, [late]))))]
    return { blocked, copies, answered, over, forgotten: await settled(createDedupe(database).firstRun(id(1))) }
  },

  'a key that is given up by a rollback goes to who waits for it': async (store) => {
    const claim = (number: number) => (tx: Transaction) =>
      claimKeys(tx, [run(store, number, { dedupe: { key: 'k', expiresAt: at(100) } })])
    const first = await openTransaction(store, claim(1))
    const second = store.database.transaction(claim(2))
    const blocked = await store.isBlocked(second)
    await first.end(false)
    return { blocked, second: [...(await store.settled(second))] }
  },

  'jobs come by priority, then by age, not before their time, and not those of groups to be left alone': async (
    store,
  ) => {
    const { queue, settled } = store
    const send = (number: number, more: object) =>
      settled(queue.send(undefined, [{ kind: 'run_flow', id: id(number), data: { number }, ...more }]))
    const sent = [
      await send(1, {}),
      await send(2, { priority: 5 }),
      await send(3, { afterMs: 60_000 }),
      await send(4, { group: 'busy' }),
      await send(1, { data: { number: 9 } }),
    ]
    const fetched = [...(await fetchAll(store, ['busy'], 1)), ...(await fetchAll(store, ['busy']))]
    const rest = await fetchAll(store)
    await store.pass(61_000)
    return { sent, fetched, rest, later: await fetchAll(store) }
  },

  'jobs of a transaction come with its commit; what is locked is passed over': async (store) => {
    const { queue } = store
    const sending = await openTransaction(store, (tx) => queue.send(tx, [{ kind: 'run_flow', id: id(1), data: {} }]))
    const before = await fetchAll(store)
    await sending.end(true)
    const locking = await openTransaction(store, (tx) => queue.lock(tx, 'run_flow', [id(1), id(2)]))
    const meanwhile = await fetchAll(store)
    await locking.end(true)
    return { before, locked: locking.result, meanwhile, after: await fetchAll(store) }
  },

  'a claim that was taken over counts for nothing any more': async (store) => {
    const { database, queue, settled } = store
    await settled(queue.send(undefined, [{ kind: 'run_flow', id: id(1), data: {} }]))
    const zombie = await fetchOne(store)
    await store.pass(9_000)
    const touched = await settled(queue.touch('run_flow', [zombie]))
    await store.pass(9_000)
    await store.takeFromDead()
    const stillHis = await settled(queue.touch('run_flow', [zombie]))
    await store.pass(11_000)
    await store.takeFromDead()
    await store.pass(60_000)
    const owner = await fetchOne(store)
    const seen = {
      touched,
      stillHis,
      owner,
      lost: await settled(queue.touch('run_flow', [zombie])),
      lock: await settled(database.transaction((tx) => queue.lock(tx, 'run_flow', [zombie]))),
      complete: await settled(queue.complete(undefined, 'run_flow', [zombie])),
    }
    await settled(queue.fail('run_flow', [zombie], 'too late'))
    return { ...seen, ours: await settled(queue.complete(undefined, 'run_flow', [owner])) }
  },

  'a claim that a commit has locked can be kept alive, and is not taken over before the commit': async (store) => {
    const { queue } = store
    await store.settled(queue.send(undefined, [{ kind: 'run_flow', id: id(1), data: {} }]))
    const job = await fetchOne(store)
    const writing = await openTransaction(store, (tx) => queue.lock(tx, 'run_flow', [job]))
    const touched = await store.settled(queue.touch('run_flow', [job]))
    const failing = queue.fail('run_flow', [job], 'silent')
    const blocked = await store.isBlocked(failing)
    await writing.end(true)
    await store.settled(failing)
    return { locked: writing.result, touched, blocked, after: await store.settled(queue.touch('run_flow', [job])) }
  },

  'a job that fails comes back, and after its last attempt goes to the dead letters with its data': async (store) => {
    const { queue, settled } = store
    await settled(queue.send(undefined, [{ kind: 'run_flow', id: id(1), data: { x: 1 }, group: 'g', retries: 2 }]))
    const attempts = []
    for (let count = 0; count < 3; count++) {
      const job = await fetchOne(store)
      attempts.push(job)
      await settled(queue.fail('run_flow', [job], 'again'))
      const atOnce = await fetchAll(store)
      attempts.push(atOnce)
      await store.pass(120_000)
    }
    const dead = await settled(queue.fetch('give_up_runs', 5))
    return { attempts, rest: await fetchAll(store), dead: dead.map(({ data, attempt }) => ({ data, attempt })) }
  },

  'runs that leave a job are not in it for whoever takes it over': async (store) => {
    const { database, queue, settled } = store
    const jobs = [1, 2].map((each) => ({
      kind: 'run_flow' as const,
      id: id(each),
      data: { ids: [each, 7, 8].map(id) },
    }))
    await settled(queue.send(undefined, jobs))
    const fetched = await settled(queue.fetch('run_flow', 2))
    const [first, second] = fetched
    const leaving = [
      { job: first!, run: id(7) },
      { job: first!, run: id(8) },
      { job: second!, run: id(2) },
    ]
    await settled(database.transaction((tx) => queue.leave(tx, 'run_flow', leaving)))
    await settled(queue.fail('run_flow', fetched, 'again'))
    await store.pass(120_000)
    return { fetched, after: await fetchAll(store) }
  },

  'a takeover is put off while nobody has claimed it, and removed by its id': async (store) => {
    const { queue, settled } = store
    await settled(queue.send(undefined, [{ kind: 'run_flow', id: id(1), data: {}, afterMs: 20_000 }]))
    await store.pass(15_000)
    await settled(queue.postpone('run_flow', [id(1)], 20_000))
    await store.pass(15_000)
    const early = await fetchAll(store)
    await store.pass(6_000)
    const job = await fetchOne(store)
    await settled(queue.postpone('run_flow', [id(1)], 20_000))
    const claimed = await settled(store.database.transaction((tx) => queue.lock(tx, 'run_flow', [job])))
    const waiting = await settled(store.database.transaction((tx) => queue.lock(tx, 'run_flow', [id(1)])))
    return { early, job, claimed, waiting, gone: await settled(queue.complete(undefined, 'run_flow', [id(1)])) }
  },

  'lanes admit in order, one by key, as many as there are places for, one process at a time': async (store) => {
    const { database, queue, settled } = store
    const lanes = createRunLanes(database, queue as never)
    const enter = (flow: number, ...entries: [number, string | null][]) =>
      settled(
        database.transaction((tx) =>
          enterLanes(
            tx,
            entries.map(([number, key]) => ({ ...run(store, number), flowId: id(flow), lane: { key } })),
          ),
        ),
      )
    const leave = (...numbers: number[]) =>
      settled(
        database.transaction((tx) =>
          leaveLanes(
            tx,
            numbers.map((number) => ({ ...success, laned: true, runId: id(number) })),
          ),
        ),
      )
    await enter(90, [1, null], [2, null], [3, null])
    await enter(91, [11, 'a'], [12, 'a'], [13, 'b'])
    const seen: unknown[] = [await settled(lanes.waiting())]
    const admitted = async () => (await fetchAll(store)).map(({ data }) => data.ids).sort()
    seen.push(
      await settled(lanes.admit(id(90), 2, undefined)),
      await settled(lanes.admit(id(90), 2, undefined)),
      await admitted(),
    )
    seen.push(await settled(lanes.admit(id(91), null, ['a'])), await admitted())
    seen.push(await settled(lanes.admit(id(91), null, undefined)), await admitted())
    seen.push(await leave(1, 11), await settled(lanes.admit(id(91), null, ['a', 'b'])), await admitted())
    const admitting = await openTransaction(store, (tx) => laneLock(tx, id(90)))
    const second = lanes.admit(id(90), 2, undefined)
    seen.push(await store.isBlocked(second))
    await admitting.end(true)
    seen.push(await settled(second), await admitted(), await settled(lanes.waiting()))
    return seen
  },

  'what is due is handed out once, also while another process is at it': async (store) => {
    const schedules = createSchedules(store.database)
    await store.dueFlow(id(1))
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const take = (wait: Promise<void> | undefined) => {
      const flows: string[] = []
      const count = schedules.takeDue(async (_tx, due) => {
        flows.push(...due.map(({ flowId }) => flowId))
        begun.resolve()
        await wait
      })
      return { flows, count }
    }
    const first = take(gate.promise)
    await store.settled(begun.promise)
    const second = take(undefined)
    const meanwhile = await store.settled(second.count)
    gate.resolve()
    const count = await store.settled(first.count)
    return { count, first: first.flows, meanwhile, after: await store.settled(take(undefined).count) }
  },
}

const at = (seconds: number) => new Date(Date.UTC(2026, 1, 1) + seconds * 1000)
const id = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
const success = { outcome: { status: 'success' }, at: at(50), title: null, keep: 'all' } as const satisfies RunEnd

function run({ accountId }: Store, number: number, more: Partial<RunStart> = {}): RunStart {
  return {
    id: id(number),
    accountId,
    revision: null,
    flowId: id(90),
    version: 1,
    trigger: 'webhook',
    live: true,
    depth: 0,
    retryOf: null,
    createdAt: at(number),
    ref: 'web1',
    payload: '{}',
    request: null,
    variables: null,
    raw: null,
    by: 'queue',
    ...more,
  }
}

function step(number: number, seq: number, ref: string, error: string | null = null): StepRow {
  return {
    runId: id(number),
    seq,
    ref,
    path: '',
    attempt: 1,
    status: error === null ? 'success' : 'error',
    label: null,
    startedAt: at(seq),
    endedAt: at(seq + 1),
    input: `{"seq":${seq}}`,
    output: '"ü"',
    outputIsInput: false,
    error: error === null ? null : JSON.stringify({ kind: 'http_500', message: error }),
    requestUrl: null,
    responseCode: error === null ? null : 500,
    resumeAt: null,
    request: null,
    variables: null,
    raw: seq === 0 ? Buffer.from([0, 255]) : null,
  }
}

async function started(store: Store, ...numbers: number[]): Promise<void> {
  const runs = numbers.map((number) => ({ ...run(store, number), status: 'queued', end: null }) as const)
  await store.settled(store.database.transaction((tx) => insertRuns(tx, runs)))
}

async function stored(store: Store, ...numbers: number[]): Promise<unknown> {
  const runs = await store.settled(createRuns(store.database).unfinished(numbers.map(id)))
  return runs.map(({ id, status, resumeAt, nextSeq, records, raw }) => ({
    id,
    status,
    resumeAt,
    nextSeq,
    records,
    raw,
  }))
}

async function statuses(store: Store, ...numbers: number[]): Promise<unknown[]> {
  const runs = createRuns(store.database)
  const found = []
  for (const number of numbers) found.push((await store.settled(runs.find(store.accountId, id(number))))?.status)
  return found
}

async function fetchAll({ queue, settled }: Store, except: string[] = [], limit = 20): Promise<Job[]> {
  return (await settled(queue.fetch('run_flow', limit, except))).map(({ id, data, attempt }) => ({
    // Jobs that the product names are told apart by what is in them.
    id: 'ids' in data ? '' : id,
    data,
    attempt,
  }))
}

async function fetchOne(store: Store): Promise<Job> {
  const [job] = await fetchAll(store)
  if (job === undefined) throw new Error('there is no job')
  return job
}

function laneLock(tx: Transaction, flowId: string) {
  return tx.query({
    name: 'lane_lock',
    text: 'select pg_advisory_xact_lock($1, hashtext($2))',
    values: [7_203_452, flowId],
  })
}

/** A transaction that has done its work and stays open until it is ended. */
async function openTransaction<Result>(store: Store, work: (tx: Transaction) => Promise<Result>) {
  const gate = Promise.withResolvers<boolean>()
  const begun = Promise.withResolvers<{ tx: Transaction; result: Result }>()
  const whole = (store.database as Database)
    .transaction(async (tx) => {
      begun.resolve({ tx, result: await work(tx) })
      if (!(await gate.promise)) throw new RolledBack()
    })
    .catch((error: unknown) => {
      if (!(error instanceof RolledBack)) begun.reject(error)
    })
  const { tx, result } = await store.settled(begun.promise)
  return {
    result,
    run: (more: (tx: Transaction) => Promise<unknown>) => more(tx),
    async end(commits: boolean) {
      gate.resolve(commits)
      await store.settled(whole)
    },
  }
}

class RolledBack extends Error {}
