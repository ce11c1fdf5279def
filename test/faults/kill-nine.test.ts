import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killUnderLoad } from './kill-nine.ts'

test('nothing that was answered with a run id is lost, repeated or made up when the server is killed', async () => {
  const report = await killUnderLoad(3, 1.5, 200)
  const { lost, phantoms, repeated, unfinished } = report
  assert.deepEqual({ lost, phantoms, repeated, unfinished }, { lost: 0, phantoms: 0, repeated: 0, unfinished: 0 })
  assert.ok(report.accepted > 100, `only ${report.accepted} requests were accepted`)
  assert.ok(report.slowestReadyMs <= 5_000, `ready again after ${report.slowestReadyMs} ms`)
})
