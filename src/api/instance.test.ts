import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { startProduct } from '../../test/e2e/rig.ts'
import type { JsonObject } from '../flow/json.ts'
import { createOutbound } from '../outbound.ts'
import { createPublicUrlCheck } from './public-url-check.ts'

const elsewhere = createServer((_request, response) => response.end('{"proof":"of nothing"}'))
await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
after(() => elsewhere.close())
const foreignUrl = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`

const product = await startProduct({ HOOKLINE_MAX_BODY_BYTES: '2048' })

const instance = async (token: string) =>
  (await product.api('GET', '/v1/instance', undefined, { authorization: `Bearer ${token}` })).json as JsonObject

test('an admin sees version, settings without secrets, and space', async () => {
  const token = await product.newToken(['company.view'])
  const shown = await instance(token)
  assert.match(String(shown.version), /^\d+\.\d+\.\d+/)
  const { settings, storage } = shown.admin as { settings: JsonObject[]; storage: JsonObject }
  const named = (name: string) => settings.find((each) => each.name === name)
  assert.deepEqual([named('HOOKLINE_MAX_BODY_BYTES')?.value, named('HOOKLINE_MAX_BODY_BYTES')?.is_set], ['2048', true])
  assert.deepEqual([named('HOOKLINE_SECRET_KEY')?.value, named('HOOKLINE_SECRET_KEY')?.is_set], [null, true])
  assert.equal(named('HOOKLINE_DATABASE_URL')?.value, null)
  assert.ok(Number(storage.database_bytes) > 1_000_000)
  assert.ok(!JSON.stringify(shown).includes('a secret key for tests'))
})

test('others see no more than the address and the version', async () => {
  const shown = await instance(product.token)
  assert.equal(shown.admin, null)
  assert.equal(shown.public_url, product.url)
})

test('the public address is proved to lead here, and one that leads elsewhere is told', async () => {
  const { public_url_check: good } = await instance(product.token)
  assert.equal((good as JsonObject).ok, true, JSON.stringify(good))
  const again = await product.api('POST', '/v1/instance/public-url-check')
  assert.equal((again.json as JsonObject).ok, true)
  const outbound = createOutbound({ allow: ['127.0.0.0/8'] })
  after(() => outbound.close())
  const look = (url: string) =>
    createPublicUrlCheck({
      outbound,
      signingKey: Buffer.alloc(32),
      publicUrl: () => url,
      now: () => new Date(),
      newChallenge: randomUUID,
    }).look(0)
  assert.match((await look(foreignUrl)).message, /Something else answers there/)
  assert.match((await look(product.url)).message, /Something else answers there/, 'another installation')
  assert.match((await look('http://127.0.0.1:1')).message, /Nothing answers there/)
})

test('a proof holds for its own challenge alone, and needs one', async () => {
  const proof = async (challenge: string) =>
    (await fetch(`${product.url}/v1/instance/proof?challenge=${challenge}`)).json() as Promise<{ proof?: string }>
  assert.notEqual((await proof('a'.repeat(20))).proof, (await proof('b'.repeat(20))).proof)
  assert.equal((await proof('short')).proof, undefined)
})
