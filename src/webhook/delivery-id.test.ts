import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Delivery, deliveryId, eventsIn } from './delivery-id.ts'

function delivery(body: Delivery['body'], headers: Record<string, string> = {}): Delivery {
  return { request: { method: 'POST', headers, query: {} }, body }
}

test('an id stands in a header, or is a template over the body', () => {
  const headers = { 'x-github-delivery': '72d3162e' }
  assert.equal(
    deliveryId({ delivery_id: { header: 'x-github-delivery', per_webhook: false } }, delivery({}, headers)),
    '72d3162e',
  )
  assert.equal(deliveryId({ delivery_id: '{{ body.update_id }}' }, delivery({ update_id: 10_000 })), '10000')
  assert.equal(deliveryId({ delivery_id: '{{ body[0].id }}' }, delivery([{ id: 'a' }])), 'a')
})

test('a delivery without its id has none, whatever its shape', () => {
  assert.equal(deliveryId({ delivery_id: { header: 'x-id', per_webhook: false } }, delivery({})), undefined)
  const bodies: Delivery['body'][] = [{}, [], null, 'text', { event: null }]
  for (const body of bodies) assert.equal(deliveryId({ delivery_id: '{{ body.event.id }}' }, delivery(body)), undefined)
  assert.equal(deliveryId({ delivery_id: undefined }, delivery({})), undefined)
})

test('long ids stay different', () => {
  const long = 'a'.repeat(600)
  const id = (text: string): string | undefined => deliveryId({ delivery_id: '{{ body.id }}' }, delivery({ id: text }))
  assert.notEqual(id(`${long}1`), id(`${long}2`))
  assert.equal(id(`${long}1`)?.length, 64)
})

test('an event is named by header or body, several by a list', () => {
  const headers = { 'x-shopify-topic': 'orders/create' }
  const template = '{{ request.headers["x-shopify-topic"] | replace("/", "_") | upper }}'
  assert.deepEqual(eventsIn({ event_name: template }, delivery({}, headers)), ['ORDERS_CREATE'])
  assert.deepEqual(eventsIn({ event_name: '{{ body.type }}' }, delivery({})), [])
  assert.deepEqual(eventsIn({ event_name: undefined }, delivery({})), [])
  const several = { event_name: '{{ body | map(attribute="event") | unique | list }}' }
  assert.deepEqual(eventsIn(several, delivery([{ event: 'open' }, { event: 'click' }, { event: 'open' }])), [
    'open',
    'click',
  ])
})
