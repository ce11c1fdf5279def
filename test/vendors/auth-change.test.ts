import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startProduct } from '../e2e/rig.ts'
import { connectFlow, countRuns, until } from './connected.ts'
import * as rest from './styles-rest.ts'

const product = await startProduct({ HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })

test('another credential in an auth: what was made with the former one is made anew, and no event is lost', async () => {
  const flow = await connectFlow(rest.githubStyle, product)
  const { vendor, authId, connector } = flow
  after(() => vendor.close())
  const body = { connector, name: 'test', auth_type: 'api_key' }
  const change = async (changes: object) => {
    const reply = await product.api('PUT', `/v1/connector-auths/${authId}`, { ...body, ...changes }, flow.headers)
    assert.equal(reply.status, 200, reply.text)
  }
  const [first] = flow.live()

  await change({ name: 'renamed', tags: ['a'], auth_token: 'ghp_test' })
  const { rows } = await product.database.query({ text: 'select from registration where anew is not null' })
  assert.equal(rows.length, 0, 'a new name is no new login')

  let sent = 0
  const deliveries: Promise<number>[] = []
  const timer = setInterval(() => {
    deliveries.push(vendor.deliver({ id: `event-${sent++}`, name: 'push' }, 20))
  }, 5)
  await change({ auth_token: 'ghp_another' })
  await until('another one', () => flow.live().length === 1 && flow.live()[0]!.id !== first!.id)
  clearInterval(timer)
  const taken = await Promise.all(deliveries)
  assert.ok(taken.length > 3 && taken.every((count) => count > 0), 'every event was taken')
  await until('each once', async () => (await countRuns(product, flow.flowId)) === taken.length)
  const [made] = vendor.calls.filter(({ method }) => method === 'POST').slice(-1)
  const [gone] = vendor.calls.filter(({ method }) => method === 'DELETE').slice(-1)
  assert.deepEqual([made!.login, gone!.login], ['Bearer ghp_another', 'Bearer ghp_another'])
  assert.ok(made!.at < gone!.at, 'the new one is there before the old one goes')
})

test('a credential that the vendor refuses leaves the former webhook delivering, and the next one mends it at once', async () => {
  const style = { ...rest.githubStyle, name: 'github-refusing' }
  const flow = await connectFlow(style, product, { suffix: '_refusing' })
  const { vendor, authId, connector } = flow
  after(() => vendor.close())
  vendor.fault = ({ headers }) => (headers.authorization === 'Bearer ghp_wrong' ? 'refuse_401' : undefined)
  const body = { connector, name: 'test', auth_type: 'api_key' }
  const before = flow.live()

  await product.api('PUT', `/v1/connector-auths/${authId}`, { ...body, auth_token: 'ghp_wrong' }, flow.headers)
  await until('said so', async () => (await flow.rows()).some(({ reason }) => /revoked/.test(String(reason))))
  assert.deepEqual(flow.live(), before)
  assert.equal(await vendor.deliver({ id: 'while-wrong', name: 'push' }), 1)

  await product.api('PUT', `/v1/connector-auths/${authId}`, { ...body, auth_token: 'ghp_right' }, flow.headers)
  await until('mended', async () => {
    const rows = await flow.rows()
    return rows.every(({ state }) => state === 'registered') && flow.live()[0]?.id !== before[0]!.id
  })
  assert.equal(flow.live().length, 1)
})
