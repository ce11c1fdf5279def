import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signatures } from '../connectors/presets/signatures.ts'
import { type SignatureSchemeInput, signatureScheme } from '../connectors/schema/signature-scheme.ts'
import { sign } from './sign.ts'
import { verifySignature } from './signature.ts'
import type { LabelledSecret, SignedRequest } from './signed-request.ts'

const now = new Date('2026-03-01T12:00:00Z')
const address = 'https://hooks.example.com/v1/flow-webhook/6f1c?x=1'

function request(body: string | Uint8Array, headers: Record<string, string> = {}, url = address): SignedRequest {
  const query = Object.fromEntries(new URL(url).searchParams)
  return { headers, rawBody: Buffer.from(body), method: 'POST', url, query }
}

function secrets(...values: string[]): LabelledSecret[] {
  return values.map((secret, index) => ({ secret, label: `secret ${index + 1}` }))
}

function scheme(input: SignatureSchemeInput) {
  return signatureScheme.parse(input)
}

test('GitHub’s published vector holds', () => {
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
  const delivery = request('Hello, World!', { 'x-hub-signature-256': signature })
  const known = secrets("It's a Secret to Everybody")
  assert.deepEqual(verifySignature(scheme(signatures.github), delivery, known, now), { ok: true, secret: 'secret 1' })
})

test('Slack’s published vector holds', () => {
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'
  const delivery = request(body, {
    'x-slack-request-timestamp': '1531420618',
    'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  })
  const known = secrets('8f742231b10e8888abcd99yyyzzz85a5')
  const at = new Date(1_531_420_700_000)
  assert.deepEqual(verifySignature(scheme(signatures.slack), delivery, known, at), {
    ok: true,
    secret: 'secret 1',
    deliveredAt: new Date(1_531_420_618_000),
  })
  const later = new Date(1_531_420_919_000)
  assert.deepEqual(verifySignature(scheme(signatures.slack), delivery, known, later), { ok: false, reason: 'expired' })
})

const standardHeaders = { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330' }
const standardBody = '{"test": 2432232314}'
const standardTime = new Date(1_614_265_330_000)

test('the published vector of Standard Webhooks holds, symmetric and beside signatures of other versions', () => {
  const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
  const known = secrets('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  for (const header of [signature, `v1a,AAAA v1,bm9ub25vbm9ub25vbm9ub25vbm9ub25vbm9ub25vbm9ubw== ${signature}`]) {
    const delivery = request(standardBody, { ...standardHeaders, 'webhook-signature': header })
    const verified = verifySignature(scheme(signatures.standard_webhooks), delivery, known, standardTime)
    assert.deepEqual(verified, { ok: true, secret: 'secret 1', deliveredAt: standardTime })
  }
})

test('the published vector of Standard Webhooks holds, asymmetric, and is made again from the private key', () => {
  const signature = 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=='
  const ed25519 = scheme(signatures.standard_webhooks_ed25519)
  const delivery = request(standardBody, { ...standardHeaders, 'webhook-signature': signature })
  const known = secrets('whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=')
  assert.equal(verifySignature(ed25519, delivery, known, standardTime).ok, true)
  const privateKey = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=='
  const made = sign(ed25519, request(standardBody), privateKey, { at: standardTime, id: standardHeaders['webhook-id'] })
  assert.equal(made['webhook-signature'], signature)
})

test('Twilio’s published vector holds', () => {
  const url = 'https://mycompany.com/myapp.php?foo=1&bar=2'
  const body = 'Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE'
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
    'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
  }
  const verified = verifySignature(scheme(signatures.twilio), request(body, headers, url), secrets('12345'), now)
  assert.deepEqual(verified, { ok: true, secret: 'secret 1' })
})

test('any of several secrets makes a signature hold, and the answer says which', () => {
  const github = scheme(signatures.github)
  const delivery = request('{}')
  const signed = { ...delivery, headers: sign(github, delivery, 'new', { at: now }) }
  assert.deepEqual(verifySignature(github, signed, secrets('old', 'new'), now), { ok: true, secret: 'secret 2' })
})

test('an empty secret never makes a signature hold', () => {
  for (const preset of [signatures.github, signatures.gitlab, signatures.basic_auth]) {
    const declared = scheme(preset)
    const delivery = request('{}')
    const signed = { ...delivery, headers: sign(declared, delivery, '', { at: now }) }
    assert.equal(verifySignature(declared, signed, secrets(''), now).ok, false)
  }
})

test('reasons tell a missing header, a malformed one, an old signature and a wrong one apart', () => {
  const stripe = scheme(signatures.stripe)
  const reason = (headers: Record<string, string>): unknown =>
    verifySignature(stripe, request('{}', headers), secrets('whsec_1'), now)
  const { 'stripe-signature': good = '' } = sign(stripe, request('{}'), 'whsec_1', { at: now })
  assert.deepEqual(reason({}), { ok: false, reason: 'missing_header' })
  assert.deepEqual(reason({ 'stripe-signature': 'v1=abc' }), { ok: false, reason: 'malformed' })
  assert.deepEqual(reason({ 'stripe-signature': good.replace(/t=\d+,/, '') }), { ok: false, reason: 'malformed' })
  assert.deepEqual(reason({ 'stripe-signature': good.replace(/t=\d+/, 't=soon') }), { ok: false, reason: 'malformed' })
  assert.deepEqual(reason({ 'stripe-signature': good.replace(/v1=./, 'v1=0').slice(0, -1) }), {
    ok: false,
    reason: 'malformed',
  })
  assert.deepEqual(reason({ 'stripe-signature': good.replace(/v1=\w{8}/, 'v1=00000000') }), {
    ok: false,
    reason: 'mismatch',
  })
  for (const seconds of [-301, 301]) {
    const at = new Date(now.getTime() + seconds * 1000)
    assert.deepEqual(reason(sign(stripe, request('{}'), 'whsec_1', { at })), { ok: false, reason: 'expired' })
  }
})

test('a signature is over bytes: a body that is no UTF-8 verifies, and another byte does not', () => {
  const github = scheme(signatures.github)
  const delivery = request(Buffer.from([0xff, 0x00, 0xfe]))
  const headers = sign(github, delivery, 'k', { at: now })
  assert.equal(verifySignature(github, { ...delivery, headers }, secrets('k'), now).ok, true)
  const other = { ...request(Buffer.from([0xff, 0x00, 0xfd])), headers }
  assert.equal(verifySignature(github, other, secrets('k'), now).ok, false)
})

test('a body that the signed address has the hash of must fit it', () => {
  const twilio = scheme(signatures.twilio)
  const body = '{"a":1}'
  const hash = '015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862'
  const delivery = request(body, { 'content-type': 'application/json' }, `https://a.example/?bodySHA256=${hash}`)
  const headers = { ...delivery.headers, ...sign(twilio, delivery, '12345', { at: now }) }
  assert.equal(verifySignature(twilio, { ...delivery, headers }, secrets('12345'), now).ok, true)
  const forged = { ...delivery, headers, rawBody: Buffer.from('{"a":2}') }
  assert.equal(verifySignature(twilio, forged, secrets('12345'), now).ok, false)
  const unhashed = request(body, { 'content-type': 'application/json' }, 'https://a.example/')
  const unsigned = {
    ...unhashed,
    headers: { ...unhashed.headers, 'x-twilio-signature': headers['x-twilio-signature']! },
  }
  assert.deepEqual(verifySignature(twilio, unsigned, secrets('12345'), now), { ok: false, reason: 'malformed' })
})

test('a token in the body must be right in every item', () => {
  const graph = scheme(signatures.microsoft_graph)
  const verified = (value: unknown): boolean =>
    verifySignature(graph, request(JSON.stringify({ value })), secrets('s'), now).ok
  assert.equal(verified([{ clientState: 's' }, { clientState: 's' }]), true)
  assert.equal(verified([{ clientState: 's' }, { clientState: 'x' }]), false)
  assert.equal(verified([{ clientState: 's' }, { clientState: null }]), false)
  assert.equal(verified([]), false)
})

test('an item without the token does not pass because its neighbours have it', () => {
  const graph = scheme(signatures.microsoft_graph)
  const delivery = request('{"value":[{"clientState":"s"},{"id":2}]}')
  assert.equal(verifySignature(graph, delivery, secrets('s'), now).ok, false)
})

test('HubSpot’s address is signed with some characters decoded', () => {
  const hubspot = scheme(signatures.hubspot_v3)
  const encoded = request('[]', {}, 'https://a.example/hook?next=https%3A%2F%2Fb.example%2F%3Fq&space=%20')
  const plain = request('[]', {}, 'https://a.example/hook?next=https://b.example/?q&space=%20')
  const headers = sign(hubspot, plain, 'k', { at: now })
  assert.equal(verifySignature(hubspot, { ...encoded, headers }, secrets('k'), now).ok, true)
})

test('a header that was sent many times costs a bounded number of comparisons', () => {
  const github = scheme(signatures.github)
  const delivery = request('{}')
  const right = sign(github, delivery, 'k', { at: now })['x-hub-signature-256']!
  const noise = Array.from({ length: 16 }, (_, index) => `sha256=${String(index).padStart(64, '0')}`)
  const headers = { 'x-hub-signature-256': [...noise, right] }
  assert.equal(verifySignature(github, { ...delivery, headers }, secrets('k'), now).ok, false)
})

test('every preset is a valid scheme', () => {
  for (const [name, preset] of Object.entries(signatures)) {
    const parsed = signatureScheme.safeParse(preset)
    assert.equal(parsed.success, true, `${name}: ${parsed.error?.message}`)
  }
})
