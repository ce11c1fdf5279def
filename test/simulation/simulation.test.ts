import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from './faults.ts'
import { simulate } from './simulate.ts'

/** `npm run test:simulation` runs 10,000. */
const seeds = 300

/** Every fault was found by far fewer. */
const seedsPerFault = 250

test(`in ${seeds} simulated installations no promise is broken, whatever dies, stops or is cut off`, async () => {
  let disturbances = 0
  let runs = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await simulate({ seed })
    assert.deepEqual(result.violations, [], `npm run test:simulation -- --seed ${seed} --trace`)
    disturbances += result.disturbances
    runs += result.runs
  }
  assert.ok(disturbances > seeds && runs > 5 * seeds, `${disturbances} disturbances of ${runs} runs prove nothing`)
})

test('a seed does the same every time, to the letter', async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const [first, second] = [await simulate({ seed, trace: true }), await simulate({ seed, trace: true })]
    assert.ok(first.trace.length > 100)
    assert.equal(first.trace.join('\n'), second.trace.join('\n'))
  }
})

for (const [name, spoil] of Object.entries(faults)) {
  test(`it is noticed when ${name}`, async () => {
    for (let seed = 1; seed <= seedsPerFault; seed++) {
      const { violations } = await simulate({ seed, spoil })
      if (violations.length > 0) return
    }
    assert.fail(`${seedsPerFault} seeds did not notice it`)
  })
}
