import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startProduct } from '../e2e/rig.ts'
import { ChaosFlow, ChaosWorld } from './chaos-world.ts'
import * as plain from './styles-plain.ts'
import * as rest from './styles-rest.ts'

const product = await startProduct({ HOOKLINE_ROLE: 'api', HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })
const token = await product.newToken(['automation', 'connectors', 'connector_auth'])
const world = await ChaosWorld.start(product, product.databaseUrl, 1)
after(() => world.close())

test('another public address: nothing moves by itself; asked for, everything does, through any number of crashes', async () => {
  const headers = { authorization: `Bearer ${token}` }
  // One that takes a new address, and one whose webhooks must be made anew.
  const styles = [rest.githubStyle, plain.pathStyle]
  const flows = await Promise.all(
    Array.from({ length: 20 }, (_, index) => ChaosFlow.start(styles[index % 2]!, product, headers, `_${index}`)),
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
