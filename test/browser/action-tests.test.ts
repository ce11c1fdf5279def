import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import { startVendor, type VendorAnswer, type VendorRequest } from '../oauth/vendor-server.ts'
import { announced, boxOf, panel, saveState } from './builder-page.ts'
import { assertAccessible, clipboard, looks, startRig, until } from './rig.ts'

/** The Test tab of a connector's page, ui.md 3.6: one action, tried without a flow, at a vendor that is really there. */

const secret = 'canary-key-123456'
const { check, product } = await startRig()
const vendor = await startVendor(answer)

function answer({ path, method, headers }: VendorRequest): VendorAnswer {
  if (headers['x-api-key'] !== secret)
    return { status: 401, body: { message: `the key ${headers['x-api-key']} is not good` } }
  if (path === '/tickets' && method === 'POST') return { status: 201, body: { id: 7, by: headers['x-api-key']! } }
  if (path === '/huge') return { body: { text: 'x'.repeat(400_000) } }
  return { body: { tickets: [{ id: 1, subject: 'Ink' }] } }
}

const desk = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  title: 'Desk',
  base_domain: vendor.url,
  auth_config: { api_key: { header: 'x-api-key', format: '{{ token }}' } },
  pagination_config: { type: 'page', items: '{{ response.body.tickets }}', max_pages: 1 },
  actions: [
    {
      name: 'create_ticket',
      title: 'Create a ticket',
      description: 'Opens a ticket',
      method: 'POST',
      endpoint: 'tickets',
      docs: 'https://desk.example/docs/tickets',
      body: { subject: '{{ subject }}', priority: '{{ priority }}' },
      form: {
        type: 'object',
        properties: {
          subject: { type: 'string' },
          priority: { type: 'string', enum: ['low', 'high'] },
        },
        required: ['subject'],
      },
      output: '{{ {"ticket": response.body.id} }}',
    },
    { name: 'list_tickets', title: 'List tickets', endpoint: 'tickets', paginated: true },
    { name: 'export_all', title: 'Export everything', endpoint: 'huge' },
  ],
  ...more,
})

const owner = { authorization: `Bearer ${await product.newToken(['connectors', 'connector_auth'])}` }
async function post(path: string, body: JsonObject): Promise<JsonObject> {
  const { status, json, text } = await product.api('POST', path, body, owner)
  if (status !== 201) throw new Error(text)
  return json as JsonObject
}
await post('/v1/connectors', desk('desk'))
await post('/v1/connectors', desk('fresh_desk'))
await post('/v1/connectors', desk('bare_desk', { actions: [] }))
const newAuth = (connector: string, name: string, auth_token: string) =>
  post('/v1/connector-auths', { connector, name, auth_type: 'api_key', auth_token })
const good = String((await newAuth('desk', 'Desk prod', secret)).id)
const bad = String((await newAuth('desk', 'Desk old', 'revoked-key-1')).id)

const form = (page: Page) => page.getByRole('region', { name: 'Action to test' })
const result = (page: Page) => page.getByRole('region', { name: 'Result' })
const press = (page: Page, name: string) => form(page).getByRole('button', { name, exact: true }).click()

async function write(page: Page, field: string, text: string): Promise<void> {
  await form(page).getByRole('textbox', { name: field, exact: true }).click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
}

check('an action is found, filled in, shown as a request and then sent for real', async ({ page, open }) => {
  await open('/connectors/desk?tab=test')
  await form(page).getByText('Choose an action to see what it asks for.').waitFor()
  await form(page).getByLabel('Action', { exact: true }).fill('opens')
  await page.locator('[data-combobox-selected]').getByText('Create a ticket').waitFor()
  await page.keyboard.press('Enter')
  await until(page, `location.search.includes('action=create_ticket')`)
  await form(page).getByRole('combobox', { name: 'Connector auth' }).click()
  await page.getByRole('option', { name: 'Desk prod' }).click()
  await until(page, `location.search.includes('auth=${good}')`)
  await form(page).getByText('Send calls Desk for real: POST may change something there.').waitFor()
  await write(page, 'Subject', 'Ink is out')

  const before = vendor.requests.length
  await press(page, 'Show request')
  await result(page).getByRole('status').getByText('This is what Send would send; nothing was sent').waitFor()
  const request = result(page).getByRole('region', { name: 'Request', exact: true })
  await request.getByText(`${vendor.url}/tickets`).waitFor()
  await request.getByRole('treeitem', { name: /subject.*Ink is out/ }).waitFor()
  await request.getByText('***').waitFor()
  assert.equal(vendor.requests.length, before)
  await request.getByRole('button', { name: 'Copy as cURL' }).click()
  const command = await clipboard(page)
  assert.match(command, /^curl -X POST 'http:\/\/127\.0\.0\.1:\d+\/tickets'/)
  assert.match(command, /-H 'x-api-key: \*\*\*'/)

  await press(page, 'Send')
  await result(page)
    .getByRole('status')
    .getByText(/^Desk answered 201 after \d+ m?s$/)
    .waitFor()
  await announced(page)
    .getByText(/^Desk answered 201/)
    .waitFor({ state: 'attached' })
  await result(page)
    .getByRole('treeitem', { name: /ticket.*7/ })
    .waitFor()
  assert.deepEqual(vendor.requests.at(-1)?.body, { subject: 'Ink is out' })
  await result(page).getByText('HTTP', { exact: true }).click()
  const response = result(page).getByRole('region', { name: 'Response', exact: true })
  await response.getByText('201').waitFor()
  await response.getByText('content-type').waitFor()
  await response.getByRole('treeitem', { name: /by.*\*\*\*/ }).waitFor()
  assert.ok(!(await page.content()).includes(secret))
  const { json } = await product.api('GET', '/v1/flow-runs')
  assert.deepEqual((json as { data: unknown[] }).data, [], 'no run is stored')
})

check('the page’s address brings back action and auth, and its actions lead there', async ({ page, open }) => {
  await open('/connectors/desk')
  const documentation = page.getByRole('link', { name: 'Documentation of Create a ticket' })
  assert.equal(await documentation.getAttribute('href'), 'https://desk.example/docs/tickets')
  await page.getByRole('link', { name: 'Test List tickets' }).click()
  await until(page, `location.search === '?tab=test&action=list_tickets'`)
  await open(`/connectors/desk?tab=test&action=create_ticket&auth=${good}`)
  assert.equal(await form(page).getByLabel('Action', { exact: true }).inputValue(), 'Create a ticket')
  await until(page, `document.querySelector('input[aria-label="Connector auth"]').value === 'Desk prod'`)
  await form(page).getByRole('link', { name: 'Documentation' }).waitFor()
})

check('a missing value is told at its field, where the focus goes', async ({ page, open }) => {
  await open(`/connectors/desk?tab=test&action=create_ticket&auth=${good}`)
  const subject = form(page).getByRole('textbox', { name: 'Subject', exact: true })
  await subject.waitFor()
  const before = vendor.requests.length
  await press(page, 'Send')
  await result(page).getByRole('status').getByText('Nothing was sent').waitFor()
  await result(page).getByText('invalid_input').waitFor()
  await form(page).getByRole('alert').getByText('subject is missing').waitFor()
  await until(page, `document.activeElement?.getAttribute('aria-label') === 'Subject'`)
  assert.equal(vendor.requests.length, before)
  await page.keyboard.insertText('Now there')
  await page.keyboard.press('Control+Enter')
  await result(page)
    .getByText(/^Desk answered 201/)
    .waitFor()
})

check('a refusal has its cause, and the auth is mended in place', async ({ page, open }) => {
  await open(`/connectors/desk?tab=test&action=list_tickets&auth=${bad}`)
  await form(page).getByText('Send calls Desk for real. No run is stored.').waitFor()
  await press(page, 'Send')
  await result(page).getByText('Desk answered 401: the key *** is not good').waitFor()
  await result(page)
    .getByText(/did not accept the credential/)
    .waitFor()
  await result(page).getByRole('region', { name: 'Response', exact: true }).getByText('401').waitFor()
  await form(page)
    .getByText(/401.* · checked/)
    .waitFor()
  await result(page).getByRole('button', { name: 'Re-connect auth' }).click()
  const sent = vendor.requests.length
  const dialog = page.getByRole('dialog', { name: 'Change “Desk old”' })
  await dialog.getByRole('textbox', { name: 'Name' }).press('Control+Enter')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  assert.equal(vendor.requests.length, sent, 'the dialog’s keys are its own')
  await form(page).getByRole('combobox', { name: 'Connector auth' }).click()
  await page.getByRole('option', { name: 'Desk prod' }).click()
  await form(page).getByRole('switch', { name: 'Retrieve all data' }).check()
  await press(page, 'Send')
  await result(page)
    .getByText(/^Desk answered 200/)
    .waitFor()
  assert.equal(vendor.requests.at(-1)?.query.get('page'), '1')
})

check('a huge answer shows its beginning, and says so', async ({ page, open }) => {
  await open(`/connectors/desk?tab=test&action=export_all&auth=${good}`)
  await press(page, 'Send')
  await result(page).getByText('This is the beginning: more than 256 kB are not shown.').waitFor()
  await result(page).getByText('HTTP', { exact: true }).click()
  await result(page).getByText('400 kB').waitFor()
})

check(
  'without an auth the tab asks for one and makes it in place; without actions it says so',
  async ({ page, open }) => {
    await open('/connectors/fresh_desk?tab=test&action=list_tickets')
    await form(page).getByText('Desk asks for a login.', { exact: false }).waitFor()
    await press(page, 'Send')
    await form(page).getByRole('alert').getByText('Choose a connector auth first, or make one').waitFor()
    await press(page, 'New')
    const dialog = page.getByRole('dialog', { name: 'New connector auth for Desk' })
    await dialog.getByLabel('Name').fill('Made here')
    await dialog.getByRole('textbox', { name: 'Token' }).fill(secret)
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.waitFor({ state: 'detached' })
    await until(page, `document.querySelector('input[aria-label="Connector auth"]').value === 'Made here'`)
    await press(page, 'Send')
    await result(page)
      .getByText(/^Desk answered 200/)
      .waitFor()
    await open('/connectors/bare_desk?tab=test')
    await page.getByText('Desk has no actions.').waitFor()
  },
)

check('in the builder, too, a list in pieces can be read to its end', async ({ page, openFlow }) => {
  const step = {
    ref: 'con1',
    connector: 'desk',
    action: 'list_tickets',
    position: { x: 0, y: 0 },
    auth: good,
    input: {},
  }
  const { id } = await openFlow({ steps: [step], arrows: [] }, '?step=con1')
  await panel(page).getByRole('switch', { name: 'Retrieve all data' }).check()
  await page.keyboard.press('Control+s')
  await saveState(page).getByText('All changes saved').waitFor()
  const { json } = await product.api('GET', `/v1/flows/${id}`)
  assert.deepEqual((json as { steps: JsonObject[] }).steps[0]?.input, { retrieve_all_data: true })
})

check('a test that takes too long is cancelled, and so is its call', async ({ page, open, test }) => {
  const called = Promise.withResolvers<void>()
  const hungUp = Promise.withResolvers<void>()
  const mute = createServer(({ socket }) => {
    socket.once('close', () => hungUp.resolve())
    called.resolve()
  })
  test.after(() => {
    mute.closeAllConnections()
    mute.close()
  })
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(mute.address() as AddressInfo).port}/`
  await post('/v1/connectors', desk('mute_desk', { base_domain: address, auth_config: {} }))
  await open('/connectors/mute_desk?tab=test&action=create_ticket')
  await write(page, 'Subject', 'Ink is out')
  await press(page, 'Send')
  await called.promise
  await press(page, 'Cancel')
  await form(page)
    .getByRole('status')
    .getByText('Cancelled before the answer was there: whether Desk has done it is not known.')
    .waitFor()
  assert.equal(await form(page).getByRole('button', { name: 'Cancel' }).count(), 0)
  await hungUp.promise
})

for (const [look, browser] of looks) {
  check(
    `axe: the Test tab, empty, filled in, with an answer and with an error, ${look}`,
    async ({ page, open }) => {
      await open('/connectors/desk?tab=test')
      await form(page).waitFor()
      await assertAccessible(page, 'nothing chosen')
      await form(page).getByLabel('Action', { exact: true }).click()
      await page.getByRole('option').first().waitFor()
      await assertAccessible(page, 'actions open')
      await open(`/connectors/desk?tab=test&action=create_ticket&auth=${good}`)
      await write(page, 'Subject', 'Ink')
      await press(page, 'Show request')
      await result(page).getByRole('treeitem').first().waitFor()
      await assertAccessible(page, 'request')
      await press(page, 'Send')
      await result(page)
        .getByText(/^Desk answered 201/)
        .waitFor()
      await assertAccessible(page, 'output')
      await result(page).getByText('HTTP', { exact: true }).click()
      await assertAccessible(page, 'answer')
      await open(`/connectors/desk?tab=test&action=list_tickets&auth=${bad}`)
      await press(page, 'Send')
      await result(page).getByText('http_401').waitFor()
      await assertAccessible(page, 'error')
      assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'))
      const { y } = await boxOf(result(page).getByText('http_401'))
      assert.ok(y > 0 && y < (page.viewportSize()?.height ?? 0), 'what came of it is in sight')
    },
    { browser },
  )
}
