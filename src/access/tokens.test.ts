import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { hashToken, mintFlowToken, mintPersonalAccessToken, parseBearer, tokensEqual } from './tokens.ts'

const key = Buffer.alloc(32, 7)
const now = new Date('2026-11-20T10:00:00.900Z')
const flowId = '0193f0a4-7c5e-7aaa-8bbb-123456789abc'

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
}

test('a flow token is a JWT that names its flow', () => {
  const token = mintFlowToken(flowId, key, now)
  assert.match(token, /^ey[\w-]+\.ey[\w-]+\.[\w-]{43}$/)
  assert.ok(token.length > 50)
  const { jti, ...claims } = claimsOf(token)
  assert.deepEqual(claims, { iss: 'hookline', sub: flowId, iat: 1_795_168_800 })
  assert.match(String(jti), /^[\w-]{43}$/)
  const signed = token.slice(0, token.lastIndexOf('.'))
  assert.ok(token.endsWith(createHmac('sha256', key).update(signed).digest('base64url')))
})

test('a personal access token is a JWT that names its account', () => {
  const token = mintPersonalAccessToken('acme', key, now)
  assert.ok(token.startsWith('ey') && token.length > 50)
  assert.equal(claimsOf(token).sub, 'acme')
})

test('no token is made twice', () => {
  const tokens = new Set(Array.from({ length: 10_000 }, () => mintFlowToken(flowId, key, now)))
  assert.equal(tokens.size, 10_000)
})

test('hashes are equal for the same token only', () => {
  const token = mintFlowToken(flowId, key, now)
  assert.equal(hashToken(token).length, 32)
  assert.ok(tokensEqual(hashToken(token), hashToken(token)))
  assert.ok(!tokensEqual(hashToken(token), hashToken(`${token}x`)))
  assert.ok(!tokensEqual(hashToken(token), hashToken(token).subarray(1)))
  assert.ok(!tokensEqual(Buffer.alloc(0), Buffer.alloc(0)))
})

const headers = [
  ['Bearer eyA.eyB.c', 'eyA.eyB.c'],
  ['bearer eyA', 'eyA'],
  ['BEARER eyA', 'eyA'],
  ['Bearer  eyA', 'eyA'],
  [['Bearer eyA'], 'eyA'],
  ['Bearer a==', 'a=='],
  ['Bearer\teyA', undefined],
  ['Bearer eyA ', undefined],
  [' Bearer eyA', undefined],
  ['Bearer', undefined],
  ['Bearer ', undefined],
  ['', undefined],
  ['eyA', undefined],
  ['Basic dTpw', undefined],
  ['Bearer eyA eyB', undefined],
  ['Bearer eyA, Bearer eyB', undefined],
  ['Bearer eyA\n', undefined],
  ['Bearer eyÄ', undefined],
  ['Bearer "eyA"', undefined],
  [`Bearer ${'x'.repeat(1_000_000)}`, undefined],
  [`Bearer${' '.repeat(4000)}`, undefined],
  [undefined, undefined],
  [[], undefined],
] as const

for (const [header, token] of headers) {
  test(`the header ${JSON.stringify(header)?.slice(0, 40)} holds ${token ? `the token ${token}` : 'no token'}`, () => {
    assert.equal(parseBearer(header), token)
  })
}

test('two Authorization headers are an error, even equal ones', () => {
  assert.throws(() => parseBearer(['Bearer eyA', 'Bearer eyA']), { code: 'invalid_request', status: 400 })
})
