import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { type SignaturePreset, signatures } from '../connectors/presets/signatures.ts'
import { type SignatureScheme, signatureScheme } from '../connectors/schema/signature-scheme.ts'
import { sign } from './sign.ts'
import { verifySignature } from './signature.ts'
import { diagnoseSignature, type SignatureDiagnosis } from './signature-doctor.ts'
import type { SignedRequest } from './signed-request.ts'

const now = new Date('2026-03-01T12:00:00Z')
const address = 'https://hooks.example.com/v1/flow-webhook/6f1c?team=7'

/** A key as a vendor would give it out: what verifies, and what signs. */
interface KeyPair {
  secret: string
  signing: string
}

function keysFor(scheme: SignatureScheme, seed: string): KeyPair {
  const bytes = createHash('sha256').update(seed).digest()
  if (scheme.scheme === 'ed25519' || scheme.scheme === 'ecdsa') {
    const { publicKey, privateKey } =
      scheme.scheme === 'ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const bare = scheme.scheme === 'ed25519' ? 32 : 0
    const der = publicKey.export({ format: 'der', type: 'spki' }).subarray(-bare)
    const encoding = scheme.key_encoding === 'hex' ? 'hex' : 'base64'
    return {
      secret: (scheme.secret_prefix ?? '') + der.toString(encoding),
      signing: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    }
  }
  const encoding = scheme.scheme === 'hmac' && scheme.secret_encoding !== 'utf8' ? scheme.secret_encoding : 'hex'
  const prefix = scheme.scheme === 'hmac' ? (scheme.secret_prefix ?? '') : ''
  const secret = prefix + bytes.toString(encoding)
  return { secret, signing: secret }
}

/** A request that this scheme can sign: with the time, token or hash that it wants in body or query. */
function requestFor(scheme: SignatureScheme, secret: string, at: Date): SignedRequest {
  const isForm = 'signed' in scheme && scheme.signed.includes('{sorted_params}')
  const body = isForm
    ? 'Body=Hello+there&From=%2B15550001&To=%2B15550002'
    : `{"id": 12, "name": "Zoë", "webhookTimestamp": ${at.getTime()}, "value": [{"clientState": "${secret}"}]}`
  return {
    headers: { 'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' },
    rawBody: Buffer.from(body),
    method: 'POST',
    url: address,
    query: { team: '7' },
  }
}

function signed(scheme: SignatureScheme, request: SignedRequest, keys: KeyPair, at: Date): SignedRequest {
  return { ...request, headers: { ...request.headers, ...sign(scheme, request, keys.signing, { at }) } }
}

type Mutation = (
  scheme: SignatureScheme,
  keys: KeyPair,
) => { request: SignedRequest; expected: SignatureDiagnosis['diagnosis'] } | undefined

const formerKeys = new Map<SignatureScheme, KeyPair>()

/** The seven things that go wrong, each as it would arrive. `undefined`: it can't happen with this scheme. */
const mutations: Record<string, Mutation> = {
  'wrong secret': (scheme) => {
    const other = keysFor(scheme, 'another')
    return { request: signed(scheme, requestFor(scheme, other.secret, now), other, now), expected: 'wrong_secret' }
  },
  're-serialised body': (scheme, keys) => {
    if (!('signed' in scheme) || !scheme.signed.includes('{body}')) return undefined
    const original = requestFor(scheme, keys.secret, now)
    const rawBody = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(original.rawBody).toString())))
    const { headers } = signed(scheme, { ...original, rawBody }, keys, now)
    return { request: { ...original, headers }, expected: 'reserialised_body' }
  },
  'other encoding': (scheme, keys) => {
    if (!('signed' in scheme)) return undefined
    const encoding = scheme.encoding === 'hex' ? 'base64' : 'hex'
    const request = signed({ ...scheme, encoding }, requestFor(scheme, keys.secret, now), keys, now)
    return { request, expected: 'wrong_encoding' }
  },
  'missing prefix': (scheme, keys) => {
    if (!('signed' in scheme) || scheme.header_format === '{signature}') return undefined
    const bare = { ...scheme, header_format: scheme.header_format.replace(/[\w-]+[=,]\{signature\}/, '{signature}') }
    return { request: signed(bare, requestFor(scheme, keys.secret, now), keys, now), expected: 'missing_prefix' }
  },
  'clock skew': (scheme, keys) => {
    if (!('signed' in scheme) || scheme.tolerance_seconds === undefined) return undefined
    const at = new Date(now.getTime() - 3_600_000)
    return { request: signed(scheme, requestFor(scheme, keys.secret, at), keys, at), expected: 'clock' }
  },
  'wrong URL': (scheme, keys) => {
    if (!('signed' in scheme) || !scheme.signed.includes('{url}')) return undefined
    const original = requestFor(scheme, keys.secret, now)
    const { headers } = signed(scheme, original, keys, now)
    const request = { ...original, url: 'http://10.0.0.7:8080/v1/flow-webhook/6f1c?team=7' }
    return {
      request: { ...request, headers: { ...headers, 'x-forwarded-host': 'hooks.example.com' } },
      expected: 'wrong_url',
    }
  },
  'old secret': (scheme) => {
    const former = formerKeys.get(scheme)!
    return { request: signed(scheme, requestFor(scheme, former.secret, now), former, now), expected: 'old_secret' }
  },
}

test('the doctor names the fault in at least 95 % of all mutations of all presets', () => {
  const wrong: string[] = []
  let tried = 0
  for (const name of Object.keys(signatures) as SignaturePreset[]) {
    const scheme = signatureScheme.parse(signatures[name])
    const keys = keysFor(scheme, 'current')
    formerKeys.set(scheme, keysFor(scheme, 'former'))
    const facts = {
      secrets: [{ secret: keys.secret, label: 'current' }],
      former: [{ secret: formerKeys.get(scheme)!.secret, label: 'former' }],
      now,
    }
    const good = signed(scheme, requestFor(scheme, keys.secret, now), keys, now)
    assert.equal(verifySignature(scheme, good, facts.secrets, now).ok, true, `${name} signs and verifies`)
    assert.equal(diagnoseSignature(scheme, good, facts), undefined)
    for (const [mutation, mutate] of Object.entries(mutations)) {
      const mutated = mutate(scheme, keys)
      if (mutated === undefined) continue
      tried += 1
      assert.equal(verifySignature(scheme, mutated.request, facts.secrets, now).ok, false, `${name}: ${mutation}`)
      const { diagnosis, explanation } = diagnoseSignature(scheme, mutated.request, facts)!
      if (diagnosis !== mutated.expected) wrong.push(`${name}, ${mutation}: ${diagnosis}`)
      for (const { secret } of [keys, ...facts.former]) assert.ok(!explanation.includes(secret), 'no secret is told')
    }
  }
  assert.ok(tried >= 140, `${tried} mutations`)
  assert.ok(wrong.length <= tried * 0.05, `${wrong.length} of ${tried}:\n${wrong.join('\n')}`)
})

const github = signatureScheme.parse(signatures.github)
const facts = { secrets: [{ secret: 'k1', label: 'current' }], now }

function delivery(body: string, headers: Record<string, string>): SignedRequest {
  return { headers, rawBody: Buffer.from(body), method: 'POST', url: address, query: {} }
}

test('a missing header is named', () => {
  const diagnosis = diagnoseSignature(github, delivery('{}', {}), facts)
  assert.equal(diagnosis?.diagnosis, 'missing_header')
  assert.match(diagnosis.explanation, /x-hub-signature-256/)
})

test('a secret that was used with its prefix, or with a line end, is recognised', () => {
  const standard = signatureScheme.parse(signatures.standard_webhooks)
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const plain = { ...standard, secret_encoding: 'utf8', secret_prefix: undefined } as SignatureScheme
  const request = delivery('{}', {})
  const headers = sign(plain, request, secret, { at: now })
  const known = { secrets: [{ secret, label: 'current' }], now }
  assert.equal(diagnoseSignature(standard, { ...request, headers }, known)?.diagnosis, 'wrong_secret_form')
  const lineEnd = sign(github, request, 'k1\n', { at: now })
  assert.equal(diagnoseSignature(github, { ...request, headers: lineEnd }, facts)?.diagnosis, 'wrong_secret_form')
})

test('another hash, and another signed text, are recognised', () => {
  const request = delivery('{}', {})
  const sha512 = sign({ ...github, algorithm: 'sha512' } as SignatureScheme, request, 'k1', { at: now })
  assert.equal(diagnoseSignature(github, { ...request, headers: sha512 }, facts)?.diagnosis, 'wrong_algorithm')
  const slack = signatureScheme.parse(signatures.slack)
  const other = sign({ ...slack, signed: '{timestamp}.{body}' } as SignatureScheme, request, 'k1', { at: now })
  assert.equal(diagnoseSignature(slack, { ...request, headers: other }, facts)?.diagnosis, 'wrong_signed_text')
})

test('hostile requests cost bounded work', () => {
  const body = `[${'1,'.repeat(100_000)}1]`
  const header = Array.from({ length: 2_000 }, (_, index) => `sha256=${String(index).padStart(64, 'a')}`).join(',')
  const started = performance.now()
  const diagnosis = diagnoseSignature(github, delivery(body, { 'x-hub-signature-256': header }), facts)
  assert.equal(diagnosis?.diagnosis, 'wrong_secret')
  assert.ok(performance.now() - started < 2_000)
})
