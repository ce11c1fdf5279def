import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import { startSink } from '../e2e/rig.ts'
import { card, panel } from './builder-page.ts'
import { startRig } from './rig.ts'
import { callingFlow, send } from './seed.ts'

/** Names that turn the direction of writing turn nothing around them. */

const { product, check } = await startRig()
const sink = await startSink()

/** Ends isolations that it has not begun, and writes from right to left from there on. */
const turn = '\u2069\u2069\u202e'
const named = (what: string): string => `${what}${turn}`

/**
 * Texts whose letters do not run from left to right. Of a text with such signs it is what stands behind the last of them,
 * and in `<bdi>` nothing: there they may do what they do.
 */
const turnedTexts = `(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const turned = []
  const leftOf = (node, index) => {
    const range = document.createRange()
    range.setStart(node, index)
    range.setEnd(node, index + 1)
    return range.getBoundingClientRect()
  }
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (!node.parentElement.checkVisibility() || node.parentElement.closest('bdi, option, .cm-editor')) continue
    const text = node.data
    const from = text.lastIndexOf('\\u202e') + 1
    for (const { index } of text.slice(from).matchAll(/[a-z][a-z]/g)) {
      const [one, two] = [leftOf(node, from + index), leftOf(node, from + index + 1)]
      if (one.width === 0 || one.top !== two.top || one.left < two.left) continue
      turned.push(text.replaceAll(/[\\u2066-\\u2069\\u202a-\\u202e]/g, '¿').slice(0, 120))
      break
    }
  }
  return turned
})()`

async function assertStraight(page: Page, state: string): Promise<void> {
  assert.deepEqual(await page.evaluate(turnedTexts), [], state)
}

const evil: JsonObject = {
  name: 'evil',
  title: named('Evil vendor'),
  description: named('Does evil'),
  base_domain: `${sink.url}/`,
  tags: [named('evil tag')],
  auth_config: { api_key: { labels: { auth_token: named('Key') }, help: named('Look under settings') } },
  webhook_trigger: {
    create: { method: 'POST', endpoint: 'hooks' },
    delete: { method: 'DELETE', endpoint: 'hooks/1' },
    events: [{ name: 'sold', title: named('Sold') }],
  },
  actions: [
    {
      name: 'ping',
      title: named('Ping them'),
      description: named('Sends a ping'),
      tag: named('Pings'),
      endpoint: 'ping',
      form: {
        properties: { name: { type: 'string', title: named('Their name'), description: named('As they spell it') } },
      },
    },
  ],
}

check('what turns a text shows up in the test', async ({ page, open }) => {
  await open('/connectors')
  await page.getByRole('heading', { name: 'Connectors' }).waitFor()
  await assertStraight(page, 'nothing is turned')
  await page.evaluate(
    `document.querySelector('h1').append(' ${turn}', document.createElement('i'), 'and what follows')`,
  )
  assert.deepEqual(await page.evaluate(turnedTexts), ['and what follows'])
})

check('names of vendors', async ({ page, open, url }) => {
  const made = await page.request.post(`${url}/v1/connectors`, { data: evil })
  assert.ok(made.ok(), await made.text())
  const auth = { connector: 'evil', auth_type: 'api_key', auth_token: 'x', tags: [] }
  const kept = await page.request.post(`${url}/v1/connector-auths`, { data: { ...auth, name: named('Their login') } })
  assert.ok(kept.ok(), await kept.text())
  for (const tab of ['actions', 'test&action=ping', 'auth', 'trigger']) {
    await open(`/connectors/evil?tab=${tab}`)
    await page.getByRole('tab', { selected: true }).waitFor()
    await page.getByRole('tabpanel').waitFor()
    await assertStraight(page, `connector, ${tab}`)
  }
  await open('/connectors/evil?tab=test&action=ping')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('region', { name: 'Result' }).getByRole('status').waitFor()
  await assertStraight(page, 'tested action')
  await page.getByRole('button', { name: 'New', exact: true }).click()
  await page.getByRole('dialog').getByText('Look under settings').waitFor()
  await assertStraight(page, 'new auth on the page of the connector')
  await open('/connectors')
  await page.getByText('Evil vendor').waitFor()
  await assertStraight(page, 'connectors')
  await page.getByRole('link', { name: /Evil vendor/ }).click()
  await page.getByRole('button', { name: /^Delete/ }).click()
  await page.getByRole('dialog').waitFor()
  await assertStraight(page, 'deleting a connector')
  await open('/connector-auths')
  await page.getByText('Their login').waitFor()
  await assertStraight(page, 'auths')
  await page.getByRole('button', { name: /^Actions for Their login/ }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await page.getByRole('dialog').waitFor()
  await assertStraight(page, 'deleting an auth')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Their login/ }).click()
  await page.getByRole('dialog').waitFor()
  await assertStraight(page, 'changing an auth')
})

check('names of flows, steps, runs and auths', async ({ page, open, url }) => {
  const auth = { connector: 'http', auth_type: 'api_key', auth_token: 'x', tags: [] }
  const kept = await page.request.post(`${url}/v1/connector-auths`, { data: { ...auth, name: named('Refused login') } })
  const authId = ((await kept.json()) as { id: string }).id
  const flow = callingFlow(named('Evil flow'), `${sink.url}/a`, {
    settings: { run_title: `${named('Run of')} {{ web1.id }}` },
  })
  const steps = (flow.steps as JsonObject[]).map((step) =>
    step.ref === 'con1' ? { ...step, title: named('Call them'), auth: authId } : step,
  )
  const made = await product.flow({ ...flow, steps })
  sink.answers = [{ status: 401, body: JSON.stringify({ message: named('You are not you') }) }]
  const run = await send(product, made, '{"id": 1}')
  await open('/flows')
  await page.getByText('Evil flow').first().waitFor()
  await assertStraight(page, 'flows')
  await page
    .getByRole('button', { name: /^Actions for Evil flow|More/ })
    .first()
    .click()
  await page.getByRole('menuitem', { name: /Delete/ }).click()
  await page.getByRole('dialog').waitFor()
  await assertStraight(page, 'deleting a flow')
  await open(`/runs?flow=${made.id}&run=${run}`)
  await page.getByRole('region', { name: 'Run', exact: true }).getByText('Call them').first().waitFor()
  await assertStraight(page, 'a run')
  await open(`/flows/${made.id}?step=con1&run=${run}&tab=last`)
  await card(page, 'con1').getByLabel('error').waitFor()
  await panel(page).getByText('Not you', { exact: false }).first().waitFor()
  await assertStraight(page, 'builder')
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').getByText('Evil flow').first().waitFor()
  await assertStraight(page, 'palette')
})
