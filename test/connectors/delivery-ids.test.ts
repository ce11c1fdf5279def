import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConnectors } from '../../src/connectors/index.ts'
import { readSample } from '../../src/connectors/sample.ts'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { deliveryId } from '../../src/webhook/delivery-id.ts'

/** Deliveries that are repeated have one id, and different ones have none in common: else events run twice, or are lost. */

const triggers = new Map(loadConnectors().map(({ name, webhook_trigger: trigger }) => [name, trigger!]))

function idOf(connector: string, body: Json, headers: Record<string, string> = {}): string | undefined {
  return deliveryId(triggers.get(connector)!, { request: { method: 'POST', headers, query: {} }, body })
}

function assertDistinct(connector: string, bodies: readonly Json[]): void {
  const ids = bodies.map((body) => idOf(connector, body))
  for (const [index, id] of ids.entries()) assert.ok(id, `${connector} ${index} has an id`)
  assert.equal(new Set(ids).size, bodies.length, ids.join('\n'))
}

describe('each delivery has an id of its own', () => {
  test('Zoom: people who come at the same moment, and meetings that are told without their uuid', () => {
    const joined = (object: JsonObject): Json => ({
      event: 'meeting.participant_joined',
      event_ts: 1,
      payload: { object },
    })
    assertDistinct('zoom', [
      joined({ uuid: 'u', participant: { participant_uuid: 'a', user_id: '1' } }),
      joined({ uuid: 'u', participant: { participant_uuid: 'b', user_id: '2' } }),
      joined({ uuid: 'u', participant: { user_id: '3' } }),
      joined({ uuid: 'u', registrant: { id: 'r' } }),
      joined({ uuid: 'u' }),
      joined({ id: 123 }),
    ])
  })

  test('HubSpot: a batch that begins like another one', () => {
    const event = (eventId: number) => ({ portalId: 1, eventId, subscriptionId: 2, occurredAt: 3, attemptNumber: 0 })
    assertDistinct('hubspot', [[event(1)], [event(1), event(2)], [event(2)]])
    const again = [{ ...event(1), attemptNumber: 1 }]
    assert.equal(idOf('hubspot', again), idOf('hubspot', [event(1)]), 'tried again')
  })

  test('WhatsApp: several messages, every status of one, and what has no message', () => {
    const change = (value: JsonObject, field = 'messages') => ({ value, field })
    const of = (...changes: Json[]): Json => ({ object: 'whatsapp_business_account', entry: [{ id: '1', changes }] })
    assertDistinct('whatsapp', [
      of(change({ messages: [{ id: 'a' }] })),
      of(change({ messages: [{ id: 'a' }, { id: 'b' }] })),
      of(change({ statuses: [{ id: 'a', status: 'sent' }] })),
      of(change({ statuses: [{ id: 'a', status: 'read' }] })),
      of(change({ messages: [{ id: 'a' }] }), change({ messages: [{ id: 'c' }] })),
      of(change({ event: 'APPROVED' }, 'message_template_status_update')),
      of(change({ event: 'REJECTED' }, 'message_template_status_update')),
    ])
  })

  test('Mailchimp and Postmark: changes of one second, recipients of one message', () => {
    const profile = { type: 'profile', fired_at: '2009-03-26 21:31:21', 'data[id]': '8a25ff1d98' }
    assertDistinct('mailchimp', [
      { ...profile, 'data[merges][FNAME]': 'A' },
      { ...profile, 'data[merges][FNAME]': 'B' },
    ])
    const delivery = { RecordType: 'Delivery', MessageID: 'm', DeliveredAt: '2019-11-05T16:33:54Z' }
    assertDistinct('postmark', [
      { ...delivery, Recipient: 'a@example.com' },
      { ...delivery, Recipient: 'b@example.com' },
    ])
  })
})

test('Shopify: an event is told apart by its topic and thing, and recognised from another subscription', async () => {
  const { headers, body } = (await readSample('shopify', triggers.get('shopify')!, 'ORDERS_CREATE'))!
  const id = (changes: Record<string, string>, other: Json = body) => idOf('shopify', other, { ...headers, ...changes })
  assert.equal(id({ 'x-shopify-webhook-id': 'another' }), id({}))
  assert.notEqual(id({ 'x-shopify-topic': 'orders/paid' }), id({}))
  assert.notEqual(id({}, { ...(body as JsonObject), admin_graphql_api_id: 'gid://shopify/Order/1' }), id({}))
  assert.notEqual(id({}, { id: 1 }), id({}, { id: 2 }))
  const { 'x-shopify-event-id': _, ...rest } = headers
  assert.equal(idOf('shopify', body, rest), undefined, 'what has no event id is not told apart')
})
