import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { attack, hostileTemplates } from './hostile.ts'

/** Twice what each takes at most on a quiet machine: other work may be going on while tests run. */
const mostMilliseconds = 1000

test('every hostile template ends soon and with a clear error, and none reaches the host', () => {
  // Once beforehand, so that no template pays for the engine being compiled.
  attack(hostileTemplates[0]!)
  const outcomes = hostileTemplates.map(attack)
  assert.ok(outcomes.length >= 60)
  assert.deepEqual(
    outcomes
      .filter(({ fault, milliseconds }) => fault !== undefined || milliseconds > mostMilliseconds)
      .map(({ hostile, ...rest }) => ({ name: hostile.name, ...rest })),
    [],
  )
})

test('a heap of 150 MB is enough for all hostile templates, one after another', async () => {
  // Beyond it the worker dies, and with it the test.
  const source = `import { attack, hostileTemplates } from ${JSON.stringify(new URL('hostile.ts', import.meta.url).href)}
    for (const each of hostileTemplates) attack(each)`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 22 },
  })
  const exitCode = await new Promise<number>((resolve, reject) => {
    worker.once('exit', resolve)
    worker.once('error', reject)
  })
  assert.equal(exitCode, 0)
})
