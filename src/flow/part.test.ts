import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Arrow, Step } from './flow.ts'
import { loopsAround, partOf, stepsBefore, stepsTo } from './part.ts'

const step = (ref: string): Step => ({
  ref,
  connector: 'dict',
  action: 'set',
  input: {},
  on_error: 'terminate',
  run_error_flow: true,
})

/** `a>b` is an arrow, `a>b:x` one with a label. */
function graph(...written: string[]): { steps: Step[]; arrows: Arrow[] } {
  const arrows = written.map((text): Arrow => {
    const [ends = '', label] = text.split(':')
    const [from = '', to = ''] = ends.split('>')
    return label === undefined ? { from, to } : { from, to, label }
  })
  const refs = new Set(arrows.flatMap(({ from, to }) => [from, to]))
  return { steps: [...refs].map(step), arrows }
}

const branched = graph('web1>if1', 'if1>yes:true', 'if1>no:false', 'yes>end', 'no>end', 'end>last')
const looped = graph('web1>loop1', 'loop1>in1:ActionLoop', 'in1>in2', 'loop1>after', 'after>last')
const nested = graph('web1>loop1', 'loop1>loop2:ActionLoop', 'loop2>deep:ActionLoop', 'loop2>shallow')

test('what comes before a step is everything an arrow leads from, and nothing beside it', () => {
  assert.deepEqual(stepsBefore(branched, 'yes'), ['web1', 'if1'])
  assert.deepEqual(stepsBefore(branched, 'end'), ['web1', 'if1', 'yes', 'no'])
  assert.deepEqual(stepsBefore(branched, 'web1'), [])
})

test('on the way to a step its own branch runs alone, and a joint needs both', () => {
  assert.deepEqual(stepsTo(branched, 'yes'), ['web1', 'if1', 'yes'])
  assert.deepEqual(stepsTo(branched, 'end'), ['web1', 'if1', 'yes', 'no', 'end'])
})

test('a loop on the way runs its whole body; a loop around the step only what leads there', () => {
  assert.deepEqual(stepsTo(looped, 'after'), ['web1', 'loop1', 'in1', 'in2', 'after'])
  assert.deepEqual(stepsTo(looped, 'loop1'), ['web1', 'loop1', 'in1', 'in2'])
  assert.deepEqual(stepsTo(looped, 'in1'), ['web1', 'loop1', 'in1'])
  assert.deepEqual(stepsTo(nested, 'shallow'), ['web1', 'loop1', 'loop2', 'deep', 'shallow'])
})

test('loops around a step are named from the outside in', () => {
  assert.deepEqual(Object.fromEntries(loopsAround(nested)), {
    loop2: ['loop1'],
    deep: ['loop1', 'loop2'],
    shallow: ['loop1'],
  })
})

test('a part keeps the labels of the branches that leave it', () => {
  const part = partOf(branched, ['web1', 'if1'])
  assert.deepEqual(
    part.steps.map(({ ref }) => ref),
    ['web1', 'if1'],
  )
  assert.deepEqual(
    part.arrows.map(({ label }) => label),
    [undefined, 'true', 'false'],
  )
})
