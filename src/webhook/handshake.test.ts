import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { type HandshakePreset, handshakes } from '../connectors/presets/handshakes.ts'
import { handshake } from '../connectors/schema/handshake.ts'
import { answerHandshake, type HandshakeAnswer, type HandshakeFacts, type HandshakeRequest } from './handshake.ts'

const facts: HandshakeFacts = {
  secrets: [{ secret: 's3cret', label: 'current' }],
  registering: false,
  signatureHolds: () => true,
}

function request(method: string, parts: Partial<HandshakeRequest> & { body?: unknown } = {}): HandshakeRequest {
  const { body, ...rest } = parts
  return {
    method,
    headers: {},
    query: {},
    rawBody: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    ...rest,
  }
}

function answer(
  preset: HandshakePreset,
  asked: HandshakeRequest,
  given: Partial<HandshakeFacts> = {},
): HandshakeAnswer | undefined {
  return answerHandshake([handshake.parse(handshakes[preset])], asked, { ...facts, ...given })
}

const plain = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }

const echoes: [HandshakePreset, HandshakeRequest][] = [
  ['slack', request('POST', { body: { token: 't', challenge: 'abc', type: 'url_verification' } })],
  [
    'meta',
    request('GET', { query: { 'hub.mode': 'subscribe', 'hub.challenge': 'abc', 'hub.verify_token': 's3cret' } }),
  ],
  [
    'websub',
    request('GET', { query: { 'hub.mode': 'subscribe', 'hub.topic': 'https://a.example', 'hub.challenge': 'abc' } }),
  ],
  ['microsoft_graph', request('POST', { query: { validationToken: 'abc' } })],
  ['dropbox', request('GET', { query: { challenge: 'abc' } })],
]

for (const [preset, asked] of echoes) {
  test(`${preset}: the challenge comes back as plain text`, () => {
    const { name: _, ...rest } = answer(preset, asked)!
    assert.deepEqual(rest, { status: 200, headers: plain, body: 'abc' })
  })
}

test('a challenge that looks like a page is no page to a browser', () => {
  const page = '<script>alert(1)</script>'
  const answered = answer('microsoft_graph', request('POST', { query: { validationToken: page } }))
  assert.equal(answered?.body, page)
  assert.deepEqual(answered?.headers, plain)
})

test('a challenge that looks like a template is not rendered', () => {
  const challenge = '{{ 7 * 7 }}{{ request }}'
  assert.equal(answer('slack', request('POST', { body: { type: 'url_verification', challenge } }))?.body, challenge)
})

test('Meta: a wrong verify token is refused', () => {
  const query = { 'hub.mode': 'subscribe', 'hub.challenge': 'abc', 'hub.verify_token': 'wrong' }
  assert.equal(answer('meta', request('GET', { query }))?.status, 403)
  assert.equal(answer('meta', request('GET', { query }), { secrets: [] })?.status, 403)
})

test('Meta: the verify token may be the registration’s key, where the secret is the app’s', () => {
  const declared = handshake.parse({
    ...handshakes.meta,
    secret_in: { query: 'hub.verify_token', equals: 'registration_key' },
  })
  const query = { 'hub.mode': 'subscribe', 'hub.challenge': 'abc', 'hub.verify_token': 'key-1' }
  const status = (keys: string[]): number | undefined =>
    answerHandshake([declared], request('GET', { query }), { ...facts, registrationKeys: keys })?.status
  assert.equal(status(['key-0', 'key-1']), 200)
  assert.equal(status(['s3cret']), 403)
  assert.equal(status([]), 403)
})

test('Zoom: the plain token comes back with its HMAC', () => {
  const body = { event: 'endpoint.url_validation', event_ts: 1, payload: { plainToken: 'qgg8vlvZRS6UYooatFL8Aw' } }
  const answered = answer('zoom', request('POST', { body }))
  const encryptedToken = createHmac('sha256', 's3cret').update('qgg8vlvZRS6UYooatFL8Aw').digest('hex')
  assert.deepEqual(JSON.parse(answered!.body), { plainToken: 'qgg8vlvZRS6UYooatFL8Aw', encryptedToken })
  assert.equal(answered?.headers['content-type'], 'application/json')
  assert.equal(answer('zoom', request('POST', { body }), { secrets: [] })?.status, 403)
})

test('X: the challenge response check is answered with a Base64 HMAC', () => {
  const answered = answer('x', request('GET', { query: { crc_token: 'tok' } }))
  const expected = createHmac('sha256', 's3cret').update('tok').digest('base64')
  assert.deepEqual(JSON.parse(answered!.body), { response_token: `sha256=${expected}` })
})

test('Asana: the secret is sent back and kept, but only while a registration is under way', () => {
  const asked = request('POST', { headers: { 'x-hook-secret': 'given-secret' } })
  assert.deepEqual(answer('asana', asked, { registering: true }), {
    name: 'asana_hook_secret',
    status: 200,
    headers: { 'x-hook-secret': 'given-secret' },
    body: '',
    remember: 'given-secret',
  })
  assert.equal(answer('asana', asked), undefined)
})

test('Notion: the verification token is kept', () => {
  const asked = request('POST', { body: { verification_token: 'secret_abc' } })
  assert.equal(answer('notion', asked, { registering: true })?.remember, 'secret_abc')
  assert.equal(answer('notion', asked), undefined)
})

test('CloudEvents: OPTIONS allows the origin that asks', () => {
  const asked = request('OPTIONS', { headers: { 'webhook-request-origin': 'eventemitter.example.com' } })
  const answered = answer('cloudevents', asked)
  assert.equal(answered?.headers['webhook-allowed-origin'], 'eventemitter.example.com')
  assert.equal(answered?.status, 200)
})

test('Trello and Mailchimp only look whether someone is there', () => {
  assert.equal(answer('trello', request('HEAD'))?.status, 200)
  assert.equal(answer('mailchimp', request('GET'))?.status, 200)
  assert.equal(answer('trello', request('POST', { body: {} })), undefined)
})

test('monday.com and Okta: the challenge comes back as JSON', () => {
  assert.deepEqual(JSON.parse(answer('monday', request('POST', { body: { challenge: 'abc' } }))!.body), {
    challenge: 'abc',
  })
  const headers = { 'x-okta-verification-challenge': 'abc' }
  assert.deepEqual(JSON.parse(answer('okta', request('GET', { headers }))!.body), { verification: 'abc' })
})

test('Xero: 200 when the signature holds and 401 when not, both without a body', () => {
  const body = { events: [], firstEventSequence: 0, lastEventSequence: 0, entropy: 'S0m3r4Nd0mt3xt' }
  const asked = request('POST', { headers: { 'x-xero-signature': 'x' }, body })
  assert.deepEqual(answer('xero', asked), { name: 'xero_intent_to_receive', status: 200, headers: {}, body: '' })
  assert.equal(answer('xero', asked, { signatureHolds: () => false })?.status, 401)
})

test('an ordinary delivery is no handshake', () => {
  const event = { type: 'event_callback', event: { type: 'message', text: 'challenge' } }
  assert.equal(answer('slack', request('POST', { body: event })), undefined)
  assert.equal(answer('monday', request('POST', { body: { event: { type: 'create_pulse' } } })), undefined)
  assert.equal(answer('slack', request('POST', { rawBody: Buffer.from('{"type":') })), undefined)
  const large = { type: 'url_verification', challenge: 'a'.repeat(20_000) }
  assert.equal(answer('slack', request('POST', { body: large })), undefined)
})

test('an expectation of false means that something must not be there', () => {
  const declared = handshake.parse({
    name: 'ping',
    when: { methods: ['POST'], headers: { 'x-signature': false } },
    answer: {},
  })
  assert.equal(answerHandshake([declared], request('POST'), facts)?.status, 200)
  assert.equal(answerHandshake([declared], request('POST', { headers: { 'x-signature': 'a' } }), facts), undefined)
})

test('what is echoed into a header can’t bring headers of its own', () => {
  const declared = handshake.parse({
    name: 'echo',
    when: { methods: ['POST'], body: { challenge: true } },
    answer: { headers: { 'x-challenge': '{{ body.challenge }}' } },
  })
  const asked = request('POST', { body: { challenge: 'a\r\nset-cookie: b' } })
  assert.equal(answerHandshake([declared], asked, facts)?.status, 400)
})

test('a handshake takes less than a millisecond', () => {
  const declared = Object.values(handshakes).map((preset) => handshake.parse(preset))
  const asked = request('POST', { body: { token: 't', challenge: 'abc', type: 'url_verification' } })
  for (let warm = 0; warm < 200; warm++) answerHandshake(declared, asked, facts)
  const started = performance.now()
  for (let round = 0; round < 500; round++) answerHandshake(declared, asked, facts)
  assert.ok((performance.now() - started) / 500 < 1)
})
