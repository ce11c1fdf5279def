import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { type Connector, eventNames, readConnector, type WebhookTrigger } from '../../src/connectors/connector.ts'
import { connectors, loadConnectors } from '../../src/connectors/index.ts'
import { readSample } from '../../src/connectors/sample.ts'
import { templatesOf } from '../../src/connectors/templates.ts'
import { type Json, stringifyJson } from '../../src/flow/json.ts'
import { compile, variablesOf } from '../../src/jinja/template.ts'
import { deliveryId, eventsIn } from '../../src/webhook/delivery-id.ts'
import { sign } from '../../src/webhook/sign.ts'
import { verifySignature } from '../../src/webhook/signature.ts'
import { diagnoseSignature } from '../../src/webhook/signature-doctor.ts'
import type { SignedRequest } from '../../src/webhook/signed-request.ts'
import { renderRequest } from './render-request.ts'

const now = new Date('2026-03-01T12:00:00Z')
const webhookUrl = 'https://hooks.example.com/v1/flow-webhook/6f1c0000-0000-4000-8000-000000000001'
const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ='
const token = 'eyJ-webhook-token'

/** Names that the language itself has. */
const languageNames = ['dict', 'namespace', 'range', 'uuid', 'none', 'true', 'false']

test('there are at least 32 connectors, at least 26 of them with Trigger by Webhook, in alphabetical order', () => {
  const names = connectors.map(({ name }) => name)
  assert.ok(names.length >= 32)
  assert.deepEqual(names, names.toSorted())
  const automatic = loadConnectors().filter(({ webhook_trigger: trigger }) => trigger?.setup === 'automatic')
  assert.ok(automatic.length >= 26, `${automatic.length} register by themselves`)
})

for (const [index, connector] of loadConnectors().entries()) {
  describe(connector.name, () => {
    test('holds the schema and survives JSON', () => {
      const written = connectors[index]
      assert.deepEqual(JSON.parse(JSON.stringify(written)), written)
      const read = readConnector(JSON.parse(JSON.stringify(written)))
      assert.deepEqual(read.ok ? [] : read.problems, [])
    })

    test('has templates that compile and use only names that exist', () => {
      for (const { path, source, names } of templatesOf(connector)) {
        compile(source)
        const unknown = variablesOf(source)
          .map(({ ref }) => ref)
          .filter((ref) => !names.includes(ref) && !languageNames.includes(ref))
        assert.deepEqual(unknown, [], `${path}: ${source}`)
      }
    })

    test('says where it was made from', () => {
      assert.ok(connector.docs.length > 0)
      for (const name of connector.unverified.filter((each) => each !== 'samples'))
        assert.notEqual(at(connector as unknown as Json, name), undefined, `unverified: ${name} is not there`)
      for (const [index, action] of connector.actions.entries())
        assert.ok(
          action.docs !== undefined || connector.unverified.includes(`actions.${index}`),
          `${action.name} has no link to its vendor's page, and is not among what is unverified`,
        )
    })

    test('has at least three actions that render to requests', () => {
      assert.ok(connector.actions.length >= 3)
      for (const action of connector.actions) {
        const fields = Object.keys((action.form?.properties ?? {}) as object)
        const request = renderRequest(connector, action, { ...credential, ...stubFields(fields) })
        assertSensible(request.url)
        for (const name of (action.form?.required ?? []) as string[])
          assert.ok(
            request.text.includes(`${name}-value`) || usesOnlyPart(action.endpoint, name),
            `${action.name}: ${name} is not sent`,
          )
      }
    })

    const trigger = connector.webhook_trigger
    if (trigger !== undefined) describeTrigger(connector, trigger)
  })
}

function describeTrigger(connector: Connector, trigger: WebhookTrigger): void {
  test('asks for exactly what it was told to', {
    skip: trigger.create === undefined && 'its vendor has no call that makes webhooks',
  }, () => {
    const context = triggerContext(connector, trigger)
    const prepared = Object.values(trigger.prepare).map((each) => renderRequest(connector, each, context).text)
    const create = renderRequest(connector, trigger.create!, context)
    assertSensible(create.url)
    const sent = [...prepared, create.text].join('\n')
    assert.ok(sent.includes(webhookUrl), 'the address is sent')
    assert.equal(sent.includes(token), trigger.sends_header, 'the token is sent where sends_header says so')
    const generated = trigger.signature !== undefined && (trigger.signing_secret?.from ?? 'generated') === 'generated'
    assert.equal(sent.includes(secret), generated, 'the signing secret is sent where it is ours')

    const without = renderRequest(connector, trigger.create!, { ...context, webhook_token: null })
    assert.ok(!without.text.includes(token) && !without.text.includes('Bearer '))
  })

  test('finds and removes what it made', {
    skip: trigger.create === undefined && 'its vendor has no call that makes webhooks',
  }, () => {
    const context = triggerContext(connector, trigger)
    for (const name of ['list', 'delete', 'update', 'renew', 'resume', 'ping', 'rotate_secret', 'backfill'] as const) {
      const declared = trigger[name]
      if (declared !== undefined) assertSensible(renderRequest(connector, declared, context).url)
    }
    const removal = renderRequest(connector, trigger.delete!, context).text
    assert.ok(removal.includes('registration-id') || trigger.single !== undefined, 'delete names the webhook')
    assert.ok(trigger.list !== undefined, 'there is a list')
  })

  test('names of events fit what Hookline filters by', () => {
    assert.ok(eventNames(trigger).length > 0)
    assert.ok(
      trigger.per_event ||
        trigger.setup === 'manual' ||
        trigger.single !== undefined ||
        !usesName(trigger.create, 'event'),
    )
  })

  test('a delivery in which something of its id is missing has none', () => assertNoHalfIds(trigger))

  test('every sample has its id and its event, signs and verifies, and is refused once it is changed', async () => {
    let samples = 0
    for (const event of eventNames(trigger)) {
      const sample = await readSample(connector.name, trigger, event)
      if (sample === undefined) continue
      samples += 1
      assert.match(sample.source, /^https:\/\//)
      const query = { x: '1' }
      const delivery = { request: { method: 'POST', headers: sample.headers, query }, body: sample.body }
      if (trigger.event_name !== undefined) assert.ok(eventsIn(trigger, delivery).includes(event))
      if (trigger.delivery_id !== undefined) assert.ok(deliveryId(trigger, delivery), `${event} has a delivery id`)
      if (trigger.signature !== undefined) assertSigns(trigger.signature, sample.headers, sample.body)
    }
    assert.ok(samples > 0, 'there is a sample')
  })
}

/** An id with a part missing would be the same for different events, and drop all but the first. */
function assertNoHalfIds(trigger: WebhookTrigger): void {
  if (typeof trigger.delivery_id !== 'string') return
  const bodies: Json[] = [{}, { event: {} }, { event: 'a', type: 'b', payload: {}, data: {} }, [{}], [], null]
  for (const body of bodies)
    assert.equal(deliveryId(trigger, { request: { method: 'POST', headers: {}, query: {} }, body }), undefined)
}

function assertSigns(
  scheme: NonNullable<WebhookTrigger['signature']>,
  headers: Record<string, string>,
  body: Json,
): void {
  const keys = keysOf(scheme)
  const write = (value: Json): Buffer => {
    const filled = JSON.parse(stringifyJson(value)) as Record<string, unknown>
    // Values that the vendor takes from the registration or the clock, and signs with the rest.
    if ('webhookTimestamp' in filled) filled.webhookTimestamp = now.getTime()
    if (Array.isArray(filled.value)) for (const item of filled.value) item.clientState = keys.verify
    const isForm = headers['content-type'] === 'application/x-www-form-urlencoded'
    return Buffer.from(
      isForm ? new URLSearchParams(filled as Record<string, string>).toString() : JSON.stringify(filled),
    )
  }
  const unsigned: SignedRequest = { headers, rawBody: write(body), method: 'POST', url: webhookUrl, query: {} }
  const delivery = { ...unsigned, headers: { ...headers, ...sign(scheme, unsigned, keys.sign, { at: now }) } }
  const known = [{ secret: keys.verify, label: 'current' }]
  assert.equal(verifySignature(scheme, delivery, known, now).ok, true, 'the sample verifies')
  const other = keysOf(scheme, 'other').verify
  assert.equal(
    verifySignature(scheme, delivery, [{ secret: other, label: 'other' }], now).ok,
    false,
    'another secret does not',
  )
  if (!('signed' in scheme)) return
  const changed = { ...delivery, rawBody: Buffer.from(Buffer.from(delivery.rawBody).toString().replace(/[a-z]/, 'Q')) }
  assert.equal(verifySignature(scheme, changed, known, now).ok, false, 'a changed body does not')
  assert.notEqual(diagnoseSignature(scheme, changed, { secrets: known, now }), undefined)
  if (scheme.tolerance_seconds === undefined) return
  const late = new Date(now.getTime() + (scheme.tolerance_seconds + 1) * 1000)
  assert.deepEqual(verifySignature(scheme, delivery, known, late), { ok: false, reason: 'expired' })
}

function keysOf(scheme: NonNullable<WebhookTrigger['signature']>, seed = 'current'): { verify: string; sign: string } {
  if (scheme.scheme === 'ecdsa') {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    return {
      verify: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
      sign: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    }
  }
  const encoding = scheme.scheme === 'hmac' && scheme.secret_encoding === 'base64' ? 'base64' : 'hex'
  const key = createHash('sha256').update(seed).digest(encoding)
  return { verify: key, sign: key }
}

const credential = {
  connectorAuth: {
    token: 'auth-token',
    username: 'auth-username',
    password: 'auth-password',
    api_endpoint: 'https://shop.example.com',
    user_input: {
      ...Object.fromEntries(
        ['shop', 'subdomain', 'site', 'data_center', 'app_id', 'account_id', 'client_secret', 'developer_api_key'].map(
          (name) => [name, `auth-${name.replaceAll('_', '-')}`],
        ),
      ),
      app_secret: 'app-secret',
      base_uri: 'https://eu.example.net',
    },
  },
}

function stubFields(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `${name}-value`]))
}

/** What a trigger's templates see, with a value for everything. */
function triggerContext(connector: Connector, trigger: WebhookTrigger): Record<string, unknown> {
  const events = eventNames(trigger)
  return {
    ...credential,
    ...stubFields(Object.keys((trigger.form?.properties ?? {}) as object)),
    me: { uri: 'https://api.example.com/users/U1', current_organization: 'https://api.example.com/organizations/O1' },
    settings: { targetUrl: webhookUrl },
    address: {},
    webhook_url: webhookUrl,
    webhook_token: token,
    signing_secret: secret,
    events,
    event: events[0],
    expires_at: '2026-03-04T00:00:00Z',
    registration_key: 'registration-key',
    flow_name: `Flow of ${connector.title}`,
    registration: {
      id: connector.name === 'calendly' ? 'https://api.calendly.com/registration-id' : 'registration-id',
      url: webhookUrl,
      events,
    },
    since: '2026-03-01T00:00:00Z',
    until: '2026-03-01T01:00:00Z',
    since_unix: 1_772_323_200,
    until_unix: 1_772_326_800,
    item: { id: 'item-id', envelopeId: 'envelope-id' },
  }
}

function assertSensible(address: string): void {
  const url = new URL(address)
  assert.equal(url.protocol, 'https:')
  assert.doesNotMatch(decodeURIComponent(url.href), /\{\{|\}\}|\bNone\b|undefined|\[object/)
  assert.doesNotMatch(url.pathname, /\/\//)
}

/** A field may be sent in another form than it was typed, as a hash or the first part of it. */
function usesOnlyPart(endpoint: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b[^}]*\\|`).test(endpoint)
}

function usesName(value: unknown, name: string): boolean {
  return new RegExp(`\\{\\{[^}]*\\b${name}\\b`).test(JSON.stringify(value ?? null))
}

function at(value: Json, path: string): unknown {
  let current: unknown = value
  for (const key of path.split('.')) {
    if (typeof current !== 'object' || current === null) return undefined
    current = Reflect.get(current, key)
  }
  return current
}
