import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { JsonObject } from '../../src/flow/json.ts'
import { startProduct } from '../e2e/rig.ts'
import { connectFlow, countRuns, until } from './connected.ts'
import * as others from './styles-others.ts'
import * as rest from './styles-rest.ts'
import type { VendorStyle } from './vendor.ts'

const product = await startProduct({ HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })
const rounds = Number(process.env.ROTATION_ROUNDS ?? 5)

/** One that takes a new secret for the same webhook, one of which there is but one, and one that knows no such call. */
const styles: VendorStyle[] = [rest.githubStyle, others.telegramStyle, rest.stripeStyle()]

for (const style of styles) {
  test(`${style.name}: another secret ${rounds} times while events come: not one is refused`, async (context) => {
    const flow = await connectFlow(style, product, { suffix: '_rotated' })
    after(() => flow.vendor.close())
    const secretOf = () => flow.live()[0]?.secret
    const [name] = style.input(0).events as string[]
    const taken: Promise<number>[] = []
    const timer = setInterval(() => {
      // Once only: a vendor that would try again must not have to.
      taken.push(flow.vendor.deliver({ id: `event-${taken.length}`, name: name! }, 1))
    }, 5)
    const seen = new Set([secretOf()])
    for (let round = 0; round < rounds; round++) {
      const before = secretOf()
      const row = (await flow.rows()).find(({ state }) => state === 'registered')
      const reply = await product.api('POST', `/v1/registrations/${row!.id}/rotate-secret`, { grace_seconds: 3600 })
      assert.equal(reply.status, 202, reply.text)
      await until('another secret', async () => {
        const rows = await flow.rows()
        return flow.live().length === 1 && secretOf() !== before && rows.every(({ state }) => /ed$/.test(String(state)))
      })
      seen.add(secretOf())
    }
    clearInterval(timer)
    const counts = await Promise.all(taken)
    const rejected = (await product.api('GET', `/v1/rejected-requests?flow_id=${flow.flowId}`)).json as JsonObject
    context.diagnostic(`${counts.length} events`)
    assert.equal(seen.size, rounds + 1)
    assert.deepEqual(
      counts.filter((count) => count === 0),
      [],
    )
    assert.deepEqual(
      (rejected.data as JsonObject[]).filter(({ reason }) => reason === 'bad_signature'),
      [],
    )
    await until('each once', async () => (await countRuns(product, flow.flowId)) === counts.length)
  })
}

test('the former secret is accepted until the grace is over, and refused from then on', async () => {
  const flow = await connectFlow(rest.githubStyle, product, { suffix: '_graced' })
  const { vendor } = flow
  after(() => vendor.close())
  const hook = flow.live()[0]!
  const former = hook.secret
  /** Signed with the secret of before, as what was on its way when the vendor got the new one. */
  const late = async (id: string) => {
    const { headers, body } = vendor.style.deliver({ id, name: 'push' }, { ...hook, secret: former })
    return (
      await fetch(hook.url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
    ).status
  }
  const rotate = async (grace_seconds: number) => {
    const before = flow.live()[0]!.secret
    const [row] = await flow.rows()
    await product.api('POST', `/v1/registrations/${row!.id}/rotate-secret`, { grace_seconds })
    await until('another secret', async () => flow.live()[0]!.secret !== before)
  }
  assert.deepEqual((await flow.rows())[0]!.can, ['rotate_secret', 'ping'])
  await rotate(3600)
  await until('told', async () => ((await flow.rows())[0]!.secret_rotation as JsonObject | null)?.state === 'done')
  const { former_until } = (await flow.rows())[0]!.secret_rotation as { former_until: string }
  assert.ok(Math.abs(Date.parse(former_until) - Date.now() - 3_600_000) < 60_000, former_until)
  assert.equal(await late('late-1'), 200)
  assert.equal(await vendor.deliver({ id: 'new-1', name: 'push' }), 1)
  await rotate(0)
  await until('retired', async () => (await late('late-2')) === 401)
  assert.equal(await vendor.deliver({ id: 'new-2', name: 'push' }), 1)
})

test('a vendor that refuses the new secret goes on with the old one, and it is tried again', async () => {
  const flow = await connectFlow(rest.githubStyle, product, { suffix: '_stubborn' })
  const { vendor } = flow
  after(() => vendor.close())
  const before = flow.live()[0]!.secret
  vendor.fault = ({ path }) => (path.endsWith('/config') ? 'refuse_401' : undefined)
  const [row] = await flow.rows()
  await product.api('POST', `/v1/registrations/${row!.id}/rotate-secret`)
  await until('refused', async () => (await flow.rows())[0]!.retry_at !== null)
  assert.equal(((await flow.rows())[0]!.secret_rotation as JsonObject).state, 'asked')
  assert.equal(flow.live()[0]!.secret, before)
  assert.equal(await vendor.deliver({ id: 'meanwhile', name: 'push' }), 1)
  vendor.fault = () => undefined
  await product.api('POST', '/v1/registrations/reconcile', { flow_id: flow.flowId })
  await until('another secret', () => flow.live()[0]!.secret !== before)
  assert.equal(await vendor.deliver({ id: 'after', name: 'push' }), 1)
})

test('a test delivery is asked for at the vendor that has a call for it', async () => {
  const flow = await connectFlow(rest.githubStyle, product, { suffix: '_pinged' })
  after(() => flow.vendor.close())
  const [row] = await flow.rows()
  const reply = await product.api('POST', `/v1/registrations/${row!.id}/ping`)
  assert.deepEqual([reply.status, (reply.json as JsonObject).ok], [200, true], reply.text)
  assert.ok(flow.vendor.calls.some(({ method, path }) => method === 'POST' && path.endsWith('/pings')))
  await until('it came', async () => {
    const rejected = (await product.api('GET', `/v1/rejected-requests?flow_id=${flow.flowId}`)).json as JsonObject
    return (rejected.data as JsonObject[]).some(({ reason }) => reason === 'filtered')
  })

  const silent = await connectFlow(others.telegramStyle, product, { suffix: '_pinged' })
  after(() => silent.vendor.close())
  const [other] = await silent.rows()
  assert.deepEqual(other!.can, ['rotate_secret'])
  assert.equal((await product.api('POST', `/v1/registrations/${other!.id}/ping`)).status, 409)
})

test('an event that comes before the vendor has told what it signs with waits for that, and is taken', async () => {
  const stripe = rest.stripeStyle()
  let early: Promise<number> | undefined
  const hasty: VendorStyle = {
    ...stripe,
    async handle(request, vendor) {
      const answer = await stripe.handle(request, vendor)
      const isMade = request.method === 'POST' && request.path === '/v1/webhook_endpoints'
      if (!isMade || early !== undefined) return answer
      early = vendor.deliver({ id: 'early', name: 'invoice.paid' }, 1)
      // On its way for as long as a delivery is allowed to be refused in.
      await Promise.race([early, new Promise((resolve) => setTimeout(resolve, 500))])
      return answer
    },
  }
  const flow = await connectFlow(hasty, product, { suffix: '_hasty' })
  after(() => flow.vendor.close())
  assert.equal(await early, 1, 'taken at the first attempt')
  await until('its run', async () => (await countRuns(product, flow.flowId)) === 1)
})

test('an event whose secret the vendor never tells is sent back to come again, and not called forged', async () => {
  const stripe = rest.stripeStyle()
  const flow = await connectFlow(stripe, product, { suffix: '_mute' })
  const { vendor } = flow
  after(() => vendor.close())
  vendor.fault = ({ method }) => (method === 'POST' ? 'reset_after' : undefined)
  const [row] = await flow.rows()
  await product.api('POST', `/v1/registrations/${row!.id}/recreate`)
  await until('a webhook that nobody was told of', () => flow.live().length === 2)
  const untold = flow.live().at(-1)!
  const { headers, body } = stripe.deliver({ id: 'untold', name: 'invoice.paid' }, untold)
  const reply = await fetch(untold.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '5'])
})
