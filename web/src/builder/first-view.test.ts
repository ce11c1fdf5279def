import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstView } from './first-view.ts'
import type { FlowDocument } from './flow-document.ts'
import { cardSize } from './placing.ts'

const row = (count: number): FlowDocument =>
  ({
    steps: Array.from({ length: count }, (_, index) => ({
      ref: `s${index}`,
      connector: 'dict',
      action: 'set',
      position: { x: index * 300, y: 0 },
      input: {},
    })),
    arrows: Array.from({ length: count - 1 }, (_, index) => ({ from: `s${index}`, to: `s${index + 1}` })),
  }) as unknown as FlowDocument

const room = { width: 1_000, height: 700 }

/** Where the middle of a step's card is on the screen. */
const middleOf = (flow: FlowDocument, chosen: string | undefined, ref: string) => {
  const { x, zoom } = firstView(flow, chosen, room)!
  const { position } = flow.steps.find((step) => step.ref === ref)!
  return x + (position!.x + cardSize.width / 2) * zoom
}

test('a flow that is readable as a whole is shown whole', () => {
  const { zoom } = firstView(row(3), 's1', room)!
  assert.ok(zoom >= 0.75 && zoom <= 1)
  assert.ok(middleOf(row(3), undefined, 's0') > 0 && middleOf(row(3), undefined, 's2') < room.width)
})

test('a wide one begins with its first step, as large as its names must be', () => {
  const flow = row(30)
  assert.equal(firstView(flow, undefined, room)!.zoom, 0.75)
  assert.equal(middleOf(flow, undefined, 's0'), 48 + (cardSize.width / 2) * 0.75)
})

test('with a step chosen, that one is in the middle', () => {
  assert.equal(middleOf(row(30), 's15', 's15'), room.width / 2)
  assert.equal(middleOf(row(30), 's29', 's29'), room.width - 48 - (cardSize.width / 2) * 0.75)
})

test('without steps, or on a canvas that has no size yet, there is nothing to show', () => {
  assert.equal(firstView(row(0), undefined, room), undefined)
  assert.equal(firstView(row(2), undefined, { width: 0, height: 0 }), undefined)
})
