import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AppError } from '../errors.ts'
import { createCoalescer } from './coalesce.ts'

/** A flush that ends when told to, and remembers what it was given. */
function heldFlush() {
  const flushes: { items: string[]; end(error?: Error): void }[] = []
  const started: (() => void)[] = []
  return {
    flushes,
    flush(items: string[]): Promise<string[]> {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>()
      flushes.push({
        items,
        end: (error) => (error ? reject(error) : resolve(items.map((item) => item.toUpperCase()))),
      })
      for (const tell of started.splice(0)) tell()
      return promise
    },
    async next(): Promise<{ items: string[]; end(error?: Error): void }> {
      const count = flushes.length
      await new Promise<void>((resolve) => started.push(resolve))
      return flushes[count]!
    },
  }
}

const dataError = Object.assign(new Error('duplicate key'), { code: '23505' })

test('items of one turn of the event loop go together, without waiting for a timer', async () => {
  const held = heldFlush()
  const { add } = createCoalescer({ flush: held.flush, maxItems: 64 })
  const results = [add('a'), add('b')]
  const first = await held.next()
  assert.deepEqual(first.items, ['a', 'b'])
  first.end()
  assert.deepEqual(await Promise.all(results), ['A', 'B'])
})

test('what arrives during a flush makes up the next one, up to the limit', async () => {
  const held = heldFlush()
  const coalescer = createCoalescer({ flush: held.flush, maxItems: 2 })
  const results = [coalescer.add('a')]
  const first = await held.next()
  results.push(coalescer.add('b'), coalescer.add('c'), coalescer.add('d'))
  assert.equal(coalescer.size, 4)
  for (const [flush, expected] of [
    [first, ['a']],
    [undefined, ['b', 'c']],
    [undefined, ['d']],
  ] as const) {
    const current = flush ?? held.flushes.at(-1)!
    assert.deepEqual(current.items, expected)
    const next = held.next()
    current.end()
    if (expected[0] !== 'd') await next
  }
  assert.deepEqual(await Promise.all(results), ['A', 'B', 'C', 'D'])
  await coalescer.drain()
  assert.equal(coalescer.size, 0)
})

test('what waits is sent off before those of the last flush are answered', async () => {
  const held = heldFlush()
  const coalescer = createCoalescer({ flush: held.flush, maxItems: 64 })
  const order: string[] = []
  const first = coalescer.add('a').then(() => order.push('a is answered'))
  const flush = await held.next()
  const second = coalescer.add('b').then(() => order.push('b is answered'))
  const next = held.next().then((begun) => {
    order.push('b is sent')
    return begun
  })
  flush.end()
  await first
  const { end } = await next
  assert.equal(coalescer.size, 1, 'the answered one is out of it')
  end()
  await second
  assert.deepEqual(order, ['b is sent', 'a is answered', 'b is answered'])
})

test('a failing flush rejects its own items only', async () => {
  const held = heldFlush()
  const { add } = createCoalescer({ flush: held.flush, maxItems: 64 })
  const failing = Promise.allSettled([add('a'), add('b')])
  const first = await held.next()
  const later = add('c')
  const outage = new Error('gone')
  const second = held.next()
  first.end(outage)
  assert.deepEqual(await failing, [
    { status: 'rejected', reason: outage },
    { status: 'rejected', reason: outage },
  ])
  const { items, end } = await second
  assert.deepEqual(items, ['c'])
  end()
  assert.equal(await later, 'C')
})

test('an item that the database refuses does not fail its neighbours', async () => {
  const { add } = createCoalescer<string, string>({
    async flush(items) {
      if (items.includes('poison')) throw dataError
      return items
    },
    maxItems: 64,
  })
  const [a, poison, b] = await Promise.allSettled([add('a'), add('poison'), add('b')])
  assert.deepEqual(
    [a, b],
    [
      { status: 'fulfilled', value: 'a' },
      { status: 'fulfilled', value: 'b' },
    ],
  )
  assert.deepEqual(poison, { status: 'rejected', reason: dataError })
})

test('beyond its bound it refuses with 503 and Retry-After', async () => {
  const held = heldFlush()
  const coalescer = createCoalescer({ flush: held.flush, maxItems: 1, maxQueued: 2 })
  const accepted = [coalescer.add('a'), coalescer.add('b')]
  await assert.rejects(coalescer.add('c'), (error) => {
    return error instanceof AppError && error.status === 503 && error.headers['retry-after'] === '1'
  })
  for (const _ of accepted) (await held.next()).end()
  await Promise.all(accepted)
})

test('drain waits for what is added while it waits', async () => {
  const order: string[] = []
  const coalescer = createCoalescer<string, void>({
    async flush(items) {
      order.push(...items)
      return items.map(() => undefined)
    },
    maxItems: 1,
  })
  await coalescer.drain()
  coalescer.add('a').then(() => coalescer.add('b'))
  await coalescer.drain()
  assert.deepEqual(order, ['a', 'b'])
})

/** Numbers below 100 are written, below 110 poisoned; 110 takes the database away for its whole flush. */
const item = fc.oneof({ weight: 20, arbitrary: fc.nat(99) }, fc.integer({ min: 100, max: 110 }))

test('whatever comes when: each item is answered once with its own result, in order, one flush at a time', async () => {
  const bursts = fc.array(fc.record({ items: fc.array(item, { maxLength: 9 }), turns: fc.nat(3) }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(bursts, fc.integer({ min: 1, max: 5 }), fc.scheduler(), async (plan, maxItems, scheduler) => {
      const written: number[] = []
      let flushing = 0
      const coalescer = createCoalescer<number, number>({
        maxItems,
        async flush(items) {
          flushing += 1
          assert.equal(flushing, 1)
          assert.ok(items.length > 0 && items.length <= maxItems)
          await scheduler.schedule(Promise.resolve())
          flushing -= 1
          if (items.includes(110)) throw new Error('gone')
          if (items.some((each) => each >= 100)) throw dataError
          written.push(...items)
          return items.map((each) => each * 2)
        },
      })
      const settled: Promise<[number, PromiseSettledResult<number>]>[] = []
      for (const { items, turns } of plan) {
        for (const each of items)
          settled.push(Promise.allSettled([coalescer.add(each)]).then(([result]) => [each, result]))
        for (let turn = 0; turn < turns; turn++) await twoTurns()
        if (turns > 1 && scheduler.count() > 0) await scheduler.waitOne()
      }
      while (coalescer.size > 0) {
        await twoTurns()
        if (scheduler.count() > 0) await scheduler.waitOne()
      }
      const answers = await Promise.all(settled)
      for (const [each, result] of answers) {
        if (result.status === 'fulfilled') assert.equal(result.value, each * 2)
        else assert.ok(each >= 100 || result.reason !== dataError, 'a neighbour of a poisoned item was refused')
      }
      const answered = answers.filter(([, { status }]) => status === 'fulfilled').map(([each]) => each)
      assert.deepEqual(written, answered)
    }),
    { numRuns: 200 },
  )
})

async function twoTurns(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('a flush holds no more than it may weigh, and what is heavier goes alone', async () => {
  const batches: number[][] = []
  const coalescer = createCoalescer<number, number>({
    maxItems: 3,
    weight: { of: (item) => item, most: 10 },
    async flush(items) {
      batches.push(items)
      return items
    },
  })
  await Promise.all([5, 4, 2, 50, 1, 1, 1, 1].map((item) => coalescer.add(item)))
  assert.deepEqual(batches, [[5, 4], [2], [50], [1, 1, 1], [1]])
})
