import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { validateSignature as lineHolds } from '@line/bot-sdk'
import { verify as githubHolds, sign as githubSign } from '@octokit/webhooks-methods'
import { Paddle } from '@paddle/paddle-node-sdk'
import { verifyKey as discordHolds } from 'discord-interactions'
import { Webhook } from 'standardwebhooks'
import Stripe from 'stripe'
import twilio from 'twilio'
import { signatures } from '../../src/connectors/presets/signatures.ts'
import { type SignatureSchemeInput, signatureScheme } from '../../src/connectors/schema/signature-scheme.ts'
import { sign } from '../../src/webhook/sign.ts'
import { verifySignature } from '../../src/webhook/signature.ts'
import type { SignedRequest } from '../../src/webhook/signed-request.ts'

/** Vendors' own packages judge: what they sign must hold with us, and what we sign must hold with them. */

const now = new Date()
const body = '{"id":"evt_1","type":"invoice.paid","name":"Zoë","amount":10.00}'
const url = 'https://hooks.example.com/v1/flow-webhook/6f1c?team=7'

function request(headers: Record<string, string> = {}, rawBody = body): SignedRequest {
  return { headers, rawBody: Buffer.from(rawBody), method: 'POST', url, query: { team: '7' } }
}

function holds(scheme: SignatureSchemeInput, delivery: SignedRequest, secret: string): boolean {
  return verifySignature(signatureScheme.parse(scheme), delivery, [{ secret, label: 'current' }], now).ok
}

function signed(scheme: SignatureSchemeInput, secret: string, delivery = request()): Record<string, string> {
  return sign(signatureScheme.parse(scheme), delivery, secret, { at: now, id: 'msg_1' })
}

test('Stripe’s package and we agree', () => {
  const secret = 'whsec_test'
  const stripe = new Stripe('sk_test_x')
  const header = stripe.webhooks.generateTestHeaderString({ payload: body, secret })
  assert.equal(holds(signatures.stripe, request({ 'stripe-signature': header }), secret), true)
  const { 'stripe-signature': ours = '' } = signed(signatures.stripe, secret)
  assert.equal(stripe.webhooks.constructEvent(body, ours, secret).id, 'evt_1')
  assert.throws(() => stripe.webhooks.constructEvent(body, ours, 'whsec_other'))
})

test('GitHub’s package and we agree', async () => {
  const header = await githubSign('s3cret', body)
  assert.equal(holds(signatures.github, request({ 'x-hub-signature-256': header }), 's3cret'), true)
  const { 'x-hub-signature-256': ours = '' } = signed(signatures.github, 's3cret')
  assert.equal(await githubHolds('s3cret', body, ours), true)
})

test('the reference of Standard Webhooks and we agree', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const reference = new Webhook(secret)
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': reference.sign('msg_1', now, body),
  }
  assert.equal(holds(signatures.standard_webhooks, request(headers), secret), true)
  assert.deepEqual(reference.verify(body, signed(signatures.standard_webhooks, secret)), JSON.parse(body))
})

test('Twilio’s package and we agree, on forms and on JSON', () => {
  const token = '12345'
  const params = { To: '+1555', From: '+1556', Body: 'Grüße & more', Media: ['b', 'a', 'b'] }
  const form = new URLSearchParams(
    Object.entries(params).flatMap(([key, value]) => [value].flat().map((each) => [key, each])),
  )
  const delivery = request({ 'content-type': 'application/x-www-form-urlencoded' }, form.toString())
  const { 'x-twilio-signature': ours = '' } = signed(signatures.twilio, token, delivery)
  assert.equal(twilio.validateRequest(token, ours, url, params), true)
  assert.equal(
    holds(signatures.twilio, { ...delivery, headers: { ...delivery.headers, 'x-twilio-signature': ours } }, token),
    true,
  )

  const hash = twilio.getExpectedBodyHash(body)
  const hashed = `${url}&bodySHA256=${hash}`
  const json = {
    ...request({ 'content-type': 'application/json' }),
    url: hashed,
    query: { team: '7', bodySHA256: hash },
  }
  const { 'x-twilio-signature': jsonSignature = '' } = signed(signatures.twilio, token, json)
  assert.equal(twilio.validateRequestWithBody(token, jsonSignature, hashed, body), true)
  assert.equal(
    holds(signatures.twilio, { ...json, headers: { ...json.headers, 'x-twilio-signature': jsonSignature } }, token),
    true,
  )
})

test('SendGrid’s package holds what we sign', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const secret = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  const headers = signed(signatures.sendgrid, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
  const { EventWebhook } = createRequire(import.meta.url)('@sendgrid/eventwebhook') as {
    EventWebhook: new () => {
      convertPublicKeyToECDSA(key: string): unknown
      verifySignature(key: unknown, payload: string, signature: string, timestamp: string): boolean
    }
  }
  const theirs = new EventWebhook()
  const signature = headers['x-twilio-email-event-webhook-signature']!
  const timestamp = headers['x-twilio-email-event-webhook-timestamp']!
  assert.equal(theirs.verifySignature(theirs.convertPublicKeyToECDSA(secret), body, signature, timestamp), true)
  assert.equal(holds(signatures.sendgrid, request(headers), secret), true)
  assert.equal(holds(signatures.sendgrid, request(headers, `${body} `), secret), false)
})

test('Paddle’s package holds what we sign', async () => {
  const paddle = new Paddle('key')
  const { 'paddle-signature': ours = '' } = signed(signatures.paddle, 'pdl_ntfset_1')
  assert.equal(await paddle.webhooks.isSignatureValid(body, 'pdl_ntfset_1', ours), true)
  assert.equal(await paddle.webhooks.isSignatureValid(`${body} `, 'pdl_ntfset_1', ours), false)
})

test('LINE’s package holds what we sign', () => {
  const { 'x-line-signature': ours = '' } = signed(signatures.line, 'channel secret')
  assert.equal(lineHolds(body, 'channel secret', ours), true)
  assert.equal(ours, createHmac('sha256', 'channel secret').update(body).digest('base64'))
})

test('Discord’s package holds what we sign', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex')
  const headers = signed(signatures.discord, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
  const { 'x-signature-ed25519': signature = '', 'x-signature-timestamp': timestamp = '' } = headers
  assert.equal(await discordHolds(body, signature, timestamp, key), true)
  assert.equal(holds(signatures.discord, request(headers), key), true)
})
