import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WaitingRuns } from '../storage/waiting-runs.ts'
import { createBacklog } from './backlog.ts'

const log = { error: () => undefined }

/** A queue of which the newest look is what the test says. */
function backlogOf(limit = 1_000) {
  const queue: { waiting: [string, number][]; highest: number; looks: number } = { waiting: [], highest: 0, looks: 0 }
  const read = async (): Promise<WaitingRuns> => {
    queue.looks += 1
    return { byAccount: new Map(queue.waiting), highest: queue.highest }
  }
  return { queue, backlog: createBacklog({ read, limit, log }) }
}

test('an account whose queue is full is turned away, others are not', async () => {
  const { queue, backlog } = backlogOf(100)
  queue.waiting = [['flooding', 100]]
  backlog.accepted('flooding', 1)
  await backlog.refresh()
  assert.throws(() => backlog.check('flooding'), {
    code: 'overloaded',
    message: '100 runs of this account are waiting; come back later',
    headers: { 'retry-after': '10' },
  })
  backlog.check('calm')
})

test('what was accepted since the last look counts', () => {
  const { backlog } = backlogOf(100)
  backlog.accepted('a', 60)
  backlog.check('a')
  backlog.accepted('a', 40)
  assert.throws(() => backlog.check('a'), { code: 'overloaded' })
})

test('a queue that was worked off takes requests again', async () => {
  const { queue, backlog } = backlogOf(100)
  backlog.accepted('a', 200)
  queue.waiting = [['a', 99]]
  await backlog.refresh()
  backlog.check('a')
})

test('nothing is read while nothing happens', async () => {
  const { queue, backlog } = backlogOf()
  await backlog.refresh()
  assert.equal(queue.looks, 0)
})

test('accounts take turns, however many runs one of them has sent before', () => {
  const { backlog } = backlogOf()
  const flooding = Array.from({ length: 100 }, () => backlog.accepted('flooding', 64))
  assert.deepEqual(flooding.slice(0, 3), [-0, -1, -2])
  const calm = backlog.accepted('calm', 1)
  assert.ok(flooding.filter((priority) => priority >= calm).length <= 1, 'at most one portion is in front of it')
})

test('an account that comes later begins where the others are, not before them', async () => {
  const { queue, backlog } = backlogOf(1_000_000)
  for (let job = 0; job < 100; job++) backlog.accepted('busy', 64)
  Object.assign(queue, { waiting: [['busy', 3_000]], highest: -50 })
  await backlog.refresh()
  assert.equal(backlog.accepted('new', 1), -50)
  assert.equal(backlog.accepted('busy', 1), -100)
})

test('whose queue is empty begins anew', async () => {
  const { backlog } = backlogOf()
  for (let job = 0; job < 10; job++) backlog.accepted('a', 64)
  await backlog.refresh()
  assert.equal(backlog.accepted('a', 1), -0)
})

test('while a look is under way, what was accepted before it counts on', async () => {
  const look = Promise.withResolvers<WaitingRuns>()
  const backlog = createBacklog({ read: () => look.promise, limit: 10, log })
  backlog.accepted('a', 10)
  const looking = backlog.refresh()
  assert.throws(() => backlog.check('a'), { code: 'overloaded' })
  look.resolve({ byAccount: new Map([['a', 9]]), highest: 0 })
  await looking
  backlog.check('a')
})

test('a look that fails forgets nothing', async () => {
  const failing = createBacklog({ read: () => Promise.reject(new Error('no')), limit: 10, log })
  failing.accepted('a', 10)
  await failing.refresh()
  assert.throws(() => failing.check('a'), { code: 'overloaded' })
})
