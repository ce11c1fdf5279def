import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startProduct } from '../e2e/rig.ts'
import { ChaosFlow, ChaosWorld } from './chaos-world.ts'
import * as others from './styles-others.ts'
import * as plain from './styles-plain.ts'
import * as rest from './styles-rest.ts'

const product = await startProduct({ HOOKLINE_ROLE: 'api', HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })
const token = await product.newToken(['automation', 'connectors', 'connector_auth'])
const world = await ChaosWorld.start(product, product.databaseUrl, 1)
after(() => world.close())

test('another public address: nothing moves by itself; asked for, everything does, through any number of crashes', async () => {
  const headers = { authorization: `Bearer ${token}` }
  // One that takes a new address, one whose webhooks must be made anew, and one that has but one webhook.
  const styles = [rest.githubStyle, plain.pathStyle, others.twilioStyle]
  const flows = await Promise.all(
    Array.from({ length: 21 }, (_, index) => ChaosFlow.start(styles[index % 3]!, product, headers, `_${index}`)),
  )
  after(() => Promise.all(flows.map(({ vendor }) => vendor.close())))
  for (const flow of flows) await flow.save()
  await world.work()
  assert.ok(flows.every((flow) => flow.live().length === 1))

  world.publicUrl = 'https://hooks.moved.example'
  world.ahead += 24 * 60 * 60_000
  await world.work()
  assert.ok(
    flows.every((flow) => flow.live()[0]!.url.startsWith(product.url)),
    'a copy of the database steals nothing',
  )

  await flows[0]!.reconcile()
  for (const flow of flows.slice(1)) await flow.reconcile()
  world.crashRate = 0.1
  for (let turn = 0; turn < 8; turn++) {
    await world.work()
    world.ahead += 25_000
  }
  const crashes = world.crashes
  world.crashRate = 0
  for (let turn = 0; turn < 12; turn++) {
    await world.work()
    world.ahead += 5_000
  }
  assert.ok(crashes > 5, 'it did die on the way')
  for (const flow of flows) {
    const urls = flow.live().map(({ url }) => url)
    assert.equal(urls.length, 1, flow.style.name)
    assert.ok(urls[0]!.startsWith(`https://hooks.moved.example/v1/flow-webhook/${flow.id}`), String(urls[0]))
  }
  const github = flows[0]!
  assert.equal(github.vendor.calls.filter(({ method }) => method === 'POST').length, 1, 'updated in its place')
})

test('where only one webhook can exist, the new address takes the place of the old one in a single call', async () => {
  const flow = await ChaosFlow.start(others.twilioStyle, product, { authorization: `Bearer ${token}` }, '_single')
  after(() => flow.vendor.close())
  await flow.save()
  await world.work()
  const calls = () => flow.vendor.calls.filter(({ method }) => method === 'POST').length
  const before = calls()
  world.publicUrl = 'https://hooks.moved-again.example'
  await flow.reconcile()
  await world.work()
  assert.deepEqual(
    flow.live().map(({ url }) => url),
    [`https://hooks.moved-again.example/v1/flow-webhook/${flow.id}`],
  )
  assert.equal(calls(), before + 1)
  assert.ok(!(await flow.history()).some((entry) => / lost /.test(entry)), 'nothing was taken for changed by others')
})
