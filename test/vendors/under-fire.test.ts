import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { JsonObject } from '../../src/flow/json.ts'
import { startProduct } from '../e2e/rig.ts'
import { ChaosFlow } from './chaos-world.ts'
import * as others from './styles-others.ts'
import * as plain from './styles-plain.ts'
import * as rest from './styles-rest.ts'
import type { VendorStyle } from './vendor.ts'

const product = await startProduct({ HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })
const token = await product.newToken(['automation', 'connectors', 'connector_auth'])
const rounds = Number(process.env.FIRE_ROUNDS ?? 12)
const everyMs = 5
/** Events come as fast on a machine that is busy with other things as on a quiet one. */
const patienceMs = 120_000

/** One that signs with our secret, one with ids per webhook, one with a secret of its own, one with the address, one with a token, one that has only one. */
const styles: VendorStyle[] = [
  rest.githubStyle,
  rest.gitlabStyle,
  rest.stripeStyle(),
  plain.pathStyle,
  plain.headerStyle,
  others.telegramStyle,
]

for (const style of styles) {
  test(`${style.name}: events every ${everyMs} ms over ${rounds} re-creations, none lost and none run twice`, async (context) => {
    const flow = await ChaosFlow.start(style, product, { authorization: `Bearer ${token}` })
    after(() => flow.vendor.close())
    await flow.save()
    const registered = async () => {
      const rows = await flow.rows()
      const live = flow.live()
      const isDone = rows.every(({ state }) => state === 'registered' || state === 'removed')
      return isDone && live.length === 1 && rows.some(({ state }) => state === 'registered')
    }
    await until(registered)

    const [name] = style.input(0).events as string[]
    const sent: Promise<number>[] = []
    const timer = setInterval(() => {
      // Vendors try again; what was refused for a moment is not lost.
      sent.push(flow.vendor.deliver({ id: `event-${sent.length}`, name: name! }, 20))
    }, everyMs)
    try {
      for (let round = 0; round < rounds; round++) {
        const [row] = (await flow.rows()).filter(({ state }) => state === 'registered')
        // A database that this load keeps busy is said to be so, and asked again.
        await until(async () => {
          const asked = await product.api('POST', `/v1/registrations/${String(row!.id)}/recreate`)
          return asked.status === 202
        })
        await until(async () => (await registered()) && (await flow.rows()).every(({ id }) => id !== row!.id))
      }
    } finally {
      clearInterval(timer)
    }
    const taken = await Promise.all(sent)
    const { rows } = await product.database.query<{ runs: number; keys: number }>({
      text: `select (select count(*) from run where flow_id = $1) as runs, (select count(*) from dedupe where flow_id = $1) as keys`,
      values: [flow.id],
    })
    const seen = await seenBy(flow.id!)
    context.diagnostic(`${sent.length} events, ${taken.filter((count) => count > 1).length} delivered by both webhooks`)
    assert.equal(taken.filter((count) => count === 0).length, 0, 'none is refused for good')
    assert.deepEqual([rows[0]!.runs, rows[0]!.keys], [sent.length, sent.length])
    assert.equal(seen.size, sent.length, 'each event has its run')
  })
}

/** The events that runs were started with. */
async function seenBy(flowId: string): Promise<Set<string>> {
  const { rows } = await product.database.query<JsonObject>({
    text: 'select key from dedupe where flow_id = $1',
    values: [flowId],
  })
  return new Set(rows.map(({ key }) => String(key)))
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + patienceMs
  while (!(await holds())) {
    if (Date.now() > end) assert.fail(`not within ${patienceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
