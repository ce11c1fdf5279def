import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Registration } from '../storage/registrations.ts'
import { backfillSpan, gapOf } from './gap.ts'

const at = (time: string) => new Date(`2026-03-${time}:00Z`)
const row = (registeredAt: Date | null, settings: object = {}) => ({ registeredAt, settings }) as Registration
const outage = { since: at('02T10:00'), until: at('02T11:00') }

test('an outage is a gap of webhooks that were there before it ended, and of no others', () => {
  assert.deepEqual(gapOf(row(at('01T00:00')), [outage]), outage)
  assert.equal(gapOf(row(at('02T11:30')), [outage]), undefined)
  assert.equal(gapOf(row(null), [outage]), undefined, 'not registered yet')
  assert.equal(gapOf(row(at('01T00:00')), []), undefined)
})

test('several outages are one gap, from the first to the last; what was made up for is none', () => {
  const later = { since: at('03T10:00'), until: at('03T12:00') }
  assert.deepEqual(gapOf(row(at('01T00:00')), [outage, later]), { since: outage.since, until: later.until })
  const madeUpUntil = outage.until.toISOString()
  assert.deepEqual(gapOf(row(at('01T00:00'), { madeUpUntil }), [outage, later]), later)
  assert.equal(gapOf(row(at('01T00:00'), { madeUpUntil: later.until.toISOString() }), [outage, later]), undefined)
})

test('a webhook that was gone has a gap until now, which reaches back to an outage before it', () => {
  const gapSince = at('02T12:00').toISOString()
  assert.deepEqual(gapOf(row(at('01T00:00'), { gapSince }), []), { since: at('02T12:00'), until: undefined })
  assert.deepEqual(gapOf(row(at('01T00:00'), { gapSince }), [outage]), { since: outage.since, until: undefined })
})

test('no vendor is asked for what is older than delivery ids are remembered', () => {
  const now = at('20T00:00')
  assert.deepEqual(backfillSpan({ since: at('19T00:00'), until: undefined }, now), {
    since: at('19T00:00'),
    until: now,
  })
  assert.deepEqual(backfillSpan({ since: at('01T00:00'), until: undefined }, now), {
    since: at('14T00:00'),
    until: now,
  })
  const old = backfillSpan({ since: at('01T00:00'), until: at('02T00:00') }, now)
  assert.ok(old.since <= old.until, 'never the wrong way round')
})
