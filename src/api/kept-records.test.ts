import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrowSchema, stepSchema } from '../flow/flow.ts'
import type { StepRecord, StepStatus } from '../flow/run.ts'
import { keptRecords } from './kept-records.ts'

/** `a>b` or `a>b:label`. */
function flowOf(...arrows: string[]) {
  const parsed = arrows.map((text) => {
    const [, from, to, label] = /^(\w+)>(\w+)(?::(\w+))?$/.exec(text)!
    return arrowSchema.parse({ from, to, ...(label && { label }) })
  })
  const refs = [...new Set(parsed.flatMap(({ from, to }) => [from, to]))]
  return { arrows: parsed, steps: refs.map((ref) => stepSchema.parse({ ref, connector: 'x', action: 'x' })) }
}

/** `ref`, `ref@path`, with `!` when it failed. */
function records(...texts: string[]): StepRecord[] {
  return texts.map((text) => {
    const [, ref = '', path = '', failed] = /^(\w+)(?:@([\d.]+))?(!)?$/.exec(text)!
    const status: StepStatus = failed ? 'error' : 'success'
    const times = { startedAt: new Date(0), endedAt: new Date(0), resumeAt: null }
    const rest = { label: null, input: null, output: null, error: null, requestUrl: null, responseCode: null }
    return { ref, path, attempt: 1, status, ...times, ...rest }
  })
}

const names = (kept: StepRecord[]) =>
  kept.map(({ ref, path, status }) => `${ref}${path && `@${path}`}${status === 'success' ? '' : '!'}`)

test('what comes before the step and beside it is kept, the step and what comes after it is not', () => {
  const flow = flowOf('web>a', 'web>b', 'a>c', 'b>c', 'c>d')
  assert.deepEqual(names(keptRecords(records('web', 'a', 'b', 'c!'), 'c', flow)), ['web', 'a', 'b'])
  assert.deepEqual(names(keptRecords(records('web', 'a', 'b', 'c', 'd'), 'a', flow)), ['web', 'b'])
})

test('a handled error that came before is still handled', () => {
  const flow = flowOf('web>a', 'a>b')
  assert.deepEqual(names(keptRecords(records('web', 'a!', 'b!'), 'b', flow)), ['web', 'a!'])
})

test('of a loop only the passes in which the step failed are run again', () => {
  const flow = flowOf('web>loop', 'loop>x:ActionLoop', 'x>y', 'loop>after')
  const all = records('web', 'x@0', 'y@0', 'x@1', 'y@1!', 'x@2', 'y@2', 'loop', 'after')
  assert.deepEqual(names(keptRecords(all, 'y', flow)), ['web', 'x@0', 'y@0', 'x@1', 'x@2', 'y@2'])
})

test('a step of a loop that never failed is run again in every pass', () => {
  const flow = flowOf('web>loop', 'loop>x:ActionLoop', 'x>y')
  assert.deepEqual(names(keptRecords(records('web', 'x@0', 'y@0', 'x@1', 'y@1', 'loop'), 'y', flow)), [
    'web',
    'x@0',
    'x@1',
  ])
})

test('in nested loops the failed pass includes the passes inside it', () => {
  const flow = flowOf('web>outer', 'outer>a:ActionLoop', 'a>inner', 'inner>b:ActionLoop')
  const all = records('web', 'a@0', 'b@0.0', 'b@0.1', 'inner@0', 'a@1!')
  assert.deepEqual(names(keptRecords(all, 'a', flow)), ['web', 'a@0', 'b@0.0', 'b@0.1', 'inner@0'])
  const deep = records('web', 'a@0', 'b@0.0', 'b@0.1!', 'a@1', 'b@1.0', 'inner@1')
  assert.deepEqual(names(keptRecords(deep, 'b', flow)), ['web', 'a@0', 'b@0.0', 'a@1', 'b@1.0'])
})
