import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { notify } from '../storage/notify.ts'
import { createEventRelay, type EventRelay } from './event-relay.ts'
import { type AccountEvent, createEvents } from './events.ts'
import { createListening } from './listening.ts'

const { open, beforeClose } = await testDatabase()

/** What a process has of it, on a pool of its own. */
async function process(): Promise<EventRelay & { sent: number }> {
  const database = open({ poolSize: 2 })
  const relay = createEventRelay({
    events: createEvents(),
    listening: createListening(() => new Date()),
    send(text) {
      counted.sent += 1
      return notify(database, 'test_events', text)
    },
    log: { warn: (_facts, message) => assert.fail(message) },
  })
  const counted = { ...relay, sent: 0 }
  const subscription = await database.listen({ test_events: relay.receive }, relay.connected)
  beforeClose(async () => {
    await relay.close()
    await subscription.close()
  })
  return counted
}

/** Listens for an account, and resolves when something fits. */
function listenTo({ events }: EventRelay, account: string) {
  const seen: AccountEvent[] = []
  let look: () => void = () => undefined
  events.subscribe(account, undefined, (event) => {
    seen.push(event)
    look()
  })
  const until = (fits: (event: AccountEvent) => boolean) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (seen.some(fits)) resolve()
      }
      look()
    })
  return { seen, until }
}

const [here, there, other] = await Promise.all([process(), process(), process()])

/** `there` knows who listens at `here` once something that was told in between has arrived. */
async function settled(at: EventRelay): Promise<void> {
  const mark = `mark ${Math.random()}`
  at.listening.start(mark)
  while (!there.listening.has(mark) && at !== there) await new Promise((resolve) => setImmediate(resolve))
}

test('what happens in one process is told in another one where somebody listens', async () => {
  const browser = listenTo(here, 'a')
  await settled(here)
  there.events.publish('a', 'flow', { id: 'f1' })
  there.events.publish('b', 'flow', { id: 'f2' })
  for (const status of ['queued', 'running', 'success']) there.events.publish('a', 'run', { id: 'r1', status })
  await browser.until(({ type }) => type === 'run')
  assert.deepEqual(
    browser.seen.map(({ type, data }) => [type, data]),
    [
      ['flow', { id: 'f1' }],
      ['run', { id: 'r1', status: 'success' }],
    ],
  )
})

test('what nobody listens for is not sent', async () => {
  const own = await process()
  // Once this has arrived, what is said at a start has been said.
  own.listening.start('said')
  while (!here.listening.has('said')) await new Promise((resolve) => setImmediate(resolve))
  const before = own.sent
  for (let n = 0; n < 1_000; n++) own.events.publish('nobody', 'run', { id: String(n) })
  await own.close()
  assert.equal(own.sent, before)
})

test('more than can be told one by one is told as a reset, and in few messages', async () => {
  const browser = listenTo(here, 'busy')
  await settled(here)
  const before = there.sent
  for (let n = 0; n < 5_000; n++) there.events.publish('busy', 'run', { id: `run ${n}`, status: 'success' })
  await browser.until(({ type }) => type === 'reset')
  assert.equal(there.sent - before, 1)
  assert.equal(browser.seen.length, 1)
})

test('texts of any length and kind arrive whole', async () => {
  const browser = listenTo(here, 'texts')
  await settled(here)
  const reasons = Array.from({ length: 60 }, (_each, n) => `${n} ${'é😀"\\'.repeat(20)}`)
  for (const reason of reasons) there.events.publish('texts', 'capture', { flow_id: 'f', reason })
  await browser.until(({ data }) => data.reason === reasons.at(-1))
  const arrived = browser.seen.map(({ data }) => data.reason)
  assert.ok(arrived.length === reasons.length && arrived.every((each, at) => each === reasons[at]))
})

test('a process that starts learns who listens', async () => {
  const browser = listenTo(here, 'late')
  const late = await process()
  const deadline = performance.now() + 10_000
  // It is known once the answer to its question has come.
  while (browser.seen.length === 0 && performance.now() < deadline) {
    late.events.publish('late', 'auth', { id: 'x' })
    await Promise.race([browser.until(() => true), new Promise((resolve) => setTimeout(resolve, 50))])
  }
  assert.equal(browser.seen[0]?.type, 'auth')
})

test('a flow that is waited for at one process is waited for at all, until the request has come', async () => {
  here.listening.start('flow')
  while (!there.listening.has('flow') || !other.listening.has('flow'))
    await new Promise((resolve) => setImmediate(resolve))
  other.listening.stop('flow')
  while (here.listening.has('flow')) await new Promise((resolve) => setImmediate(resolve))
})

test('after messages may have been lost, everybody asks for everything again', async () => {
  const browser = listenTo(here, 'gap')
  here.connected()
  await browser.until(({ type }) => type === 'reset')
})
