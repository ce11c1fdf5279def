import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApi } from '../../test/rig/test-api.ts'

const api = await testApi()

const make = (body: object, token?: string) =>
  api.call('POST', '/personal-access-tokens', { body, ...(token !== undefined && { token }) })

test('a token is shown once, in exactly the JSON that clients rely on', async () => {
  const { status, body } = await make({
    expiration: 30,
    scopes: ['automation:webhook_run', 'automation.view'],
    note: 'CI',
  })
  assert.equal(status, 201)
  assert.deepEqual(Object.keys(body).sort(), ['expiration', 'id', 'last_used', 'note', 'scopes', 'token'])
  const { token, id, ...rest } = body
  assert.deepEqual(rest, {
    expiration: '2026-05-31T12:00:00.000Z',
    note: 'CI',
    last_used: null,
    scopes: ['automation.view', 'automation.webhook_run'],
  })
  assert.match(token, /^ey.{49,}/)
  const read = await api.call('GET', `/personal-access-tokens/${id}`)
  const { created_at, ...readRest } = read.body
  assert.deepEqual(readRest, { id, ...rest })
  assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000)
  const { body: list } = await api.call('GET', '/personal-access-tokens')
  assert.deepEqual(list.data[0], read.body)
  assert.ok(!JSON.stringify(list).includes(token))
})

test('a token without an end has the expiration null', async () => {
  assert.equal((await make({ expiration: null, scopes: ['automation'] })).body.expiration, null)
  assert.equal((await make({ scopes: ['automation'] })).body.expiration, null)
})

test('scopes, notes and days that can’t be are refused', async () => {
  const wrong = [
    { scopes: [] },
    { scopes: ['automation.all'] },
    { scopes: 'automation' },
    {},
    { scopes: ['automation'], note: 'x'.repeat(256) },
    { scopes: ['automation'], expiration: 0 },
    { scopes: ['automation'], expiration: 1.5 },
    { scopes: ['automation'], expiration: '30' },
    { scopes: ['automation'], expires: 30 },
  ]
  for (const body of wrong) {
    const answer = await make(body)
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request'], JSON.stringify(body))
  }
})

test('a regenerated token works and the former one does not', async () => {
  const former = await make({ scopes: ['automation'], expiration: 1 })
  const renewed = await api.call('POST', `/personal-access-tokens/${former.body.id}/regenerate`, {
    body: { expiration: 60 },
  })
  assert.equal(renewed.status, 200)
  assert.equal(renewed.body.id, former.body.id)
  assert.equal(renewed.body.expiration, '2026-06-30T12:00:00.000Z')
  const status = async (token: string) => (await api.call('GET', '/flows', { token })).status
  assert.deepEqual([await status(former.body.token), await status(renewed.body.token)], [401, 200])
  assert.equal((await api.call('DELETE', `/personal-access-tokens/${former.body.id}`)).status, 204)
  assert.equal(await status(renewed.body.token), 401)
  assert.equal((await api.call('DELETE', `/personal-access-tokens/${former.body.id}`)).status, 404)
})

test('a token makes, renews and deletes only tokens that do no more and last no longer than itself', async () => {
  const manager = await api.token(['automation.manage'], { expiresAt: new Date('2026-05-11T12:00:00Z') })
  assert.equal((await make({ scopes: ['automation.webhook_run'], expiration: 5 }, manager)).status, 201)
  assert.equal((await make({ scopes: ['automation'], expiration: 5 }, manager)).status, 403)
  assert.equal((await make({ scopes: ['automation.view'], expiration: 30 }, manager)).status, 403)
  assert.equal((await make({ scopes: ['automation.view'] }, manager)).status, 403)
  const wide = await make({ scopes: ['company'] })
  const renew = await api.call('POST', `/personal-access-tokens/${wide.body.id}/regenerate`, { token: manager })
  assert.equal(renew.status, 403)
  const automation = await api.token(['automation'])
  const remove = await api.call('DELETE', `/personal-access-tokens/${wide.body.id}`, { token: automation })
  assert.equal(remove.status, 403)
  assert.equal((await make({ scopes: ['automation.webhook_run'] }, await api.token(['automation.view']))).status, 403)
})

test('a member sees no tokens but their own', async () => {
  const { users } = api.storage
  const member = await users.create(api.accountId, { email: 'm@x.test', name: '', role: 'member', passwordHash: '-' })
  const token = await api.token(['automation'], { userId: member.id })
  const { body } = await api.call('GET', '/personal-access-tokens', { token })
  assert.equal(body.data.length, 1)
  const others = await make({ scopes: ['automation'] })
  const read = await api.call('GET', `/personal-access-tokens/${others.body.id}`, { token })
  assert.equal(read.status, 404)
})

test('the last use of a token is noted', async () => {
  const made = await make({ scopes: ['automation'] })
  await api.call('GET', '/flows', { token: made.body.token })
  const read = await api.call('GET', `/personal-access-tokens/${made.body.id}`)
  assert.equal(read.body.last_used, '2026-05-01T12:00:00.000Z')
})
