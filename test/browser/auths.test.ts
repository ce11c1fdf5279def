import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import type { Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import { startSink } from '../e2e/rig.ts'
import { assertAccessible, looks, startRig } from './rig.ts'
import { callingFlow, send } from './seed.ts'

/** Connector auths, ui.md 3.7. */

const { product, check } = await startRig()
const sink = await startSink()

/** A vendor whose logins have a form of their own. */
const acme: JsonObject = {
  name: 'acme',
  title: 'Acme',
  base_domain: `${sink.url}/`,
  auth_config: {
    api_key: {
      labels: { auth_token: 'Secret key' },
      help: 'Found under Settings, API.',
      form: {
        properties: { region: { enum: ['eu', 'us'] }, seal: { type: 'string', writeOnly: true } },
        required: ['region'],
      },
    },
    username_password: {},
  },
  test_request: { endpoint: 'me' },
  actions: [{ name: 'ping', title: 'Ping', endpoint: 'ping' }],
}

/** Made by an admin in the browser: connectors say where credentials are sent, and the test's token may not write them. */
async function addConnector(page: Page, connector: JsonObject): Promise<void> {
  const answer = await page.request.post(`${product.url}/v1/connectors`, { data: connector })
  if (!answer.ok() && answer.status() !== 409) throw new Error(await answer.text())
}

async function addAuth(page: Page, auth: JsonObject): Promise<string> {
  const answer = await page.request.post(`${product.url}/v1/connector-auths`, { data: { tags: [], ...auth } })
  if (!answer.ok()) throw new Error(await answer.text())
  return ((await answer.json()) as { id: string }).id
}

const key = { connector: 'http', auth_type: 'api_key', auth_token: 'hush' }

check(
  'A-01 the form comes from the connector; its type switches the fields; secrets are never read',
  async ({ page, open }) => {
    await addConnector(page, acme)
    await open('/connector-auths?connect=acme')
    const dialog = page.getByRole('dialog', { name: 'New connector auth' })
    await dialog.getByLabel('Secret key').waitFor()
    await dialog.getByText('Found under Settings, API.').waitFor()
    await dialog.getByLabel('Auth type').first().click()
    await page.getByRole('option', { name: 'User name and password' }).click()
    await dialog.getByLabel('User name', { exact: false }).last().waitFor()
    assert.equal(await dialog.getByLabel('Secret key').count(), 0)
    await dialog.getByLabel('Auth type').first().click()
    await page.getByRole('option', { name: 'API key' }).click()
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Acme prod')
    await dialog.getByLabel('Secret key').fill('very-secret-key')
    await dialog.getByLabel('Seal').fill('very-secret-seal')
    await dialog.getByLabel('Region').first().click()
    await page.getByRole('option', { name: 'eu' }).click()
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('button', { name: 'Acme prod', exact: true }).click()
    const change = page.getByRole('dialog', { name: 'Change “Acme prod”' })
    await change.getByRole('button', { name: 'Replace Secret key' }).waitFor()
    assert.ok(!(await page.content()).includes('very-secret'))
    await change.getByRole('button', { name: 'Replace Secret key' }).click()
    await change.getByLabel('Secret key').fill('next-key')
    await change.getByRole('button', { name: 'Save' }).click()
    await change.waitFor({ state: 'detached' })
  },
)

check('A-02 Test gives the vendor’s answer in words', async ({ page, open }) => {
  await addConnector(page, acme)
  await addAuth(page, {
    connector: 'acme',
    name: 'To be tested',
    auth_type: 'api_key',
    auth_token: 'x',
    user_input: { region: 'eu' },
  })
  sink.answers = [{ status: 401, body: '{"message":"unknown key"}' }]
  await open('/connector-auths')
  const row = page.getByRole('row').filter({ hasText: 'To be tested' })
  await row.getByRole('button', { name: 'Test To be tested' }).click()
  const said = row.getByRole('status')
  await said.waitFor()
  assert.ok(((await said.textContent()) ?? '').length > 10)
  await row.getByRole('button', { name: 'Re-connect' }).waitFor()
})

check('A-02 where there is nothing to test with, an auth is neither good nor bad', async ({ page, open }) => {
  // Its one action acts, and is therefore no test.
  const actions = [{ name: 'ping', title: 'Ping', method: 'POST', endpoint: 'ping' }]
  const { test_request: _, ...rest } = acme
  await addConnector(page, { ...rest, name: 'silent', title: 'Silent', actions })
  await addAuth(page, {
    connector: 'silent',
    name: 'Never tested',
    auth_type: 'api_key',
    auth_token: 'x',
    user_input: { region: 'eu' },
  })
  await open('/connector-auths')
  const row = page.getByRole('row').filter({ hasText: 'Never tested' })
  await row.getByRole('button', { name: 'Test Never tested' }).click()
  await row.getByText('Silent has no request to test a credential with').waitFor()
  await row.getByText('not tested').waitFor()
  assert.equal(await row.getByRole('button', { name: 'Re-connect' }).count(), 0)
})

check(
  'A-03 a refused auth shows a banner in each flow that uses it and in the failing run, with Re-connect in place',
  async ({ page, open }) => {
    const id = await addAuth(page, { ...key, name: 'Broken key' })
    const flow = callingFlow('Uses a broken key', `${sink.url}/a`)
    const steps = (flow.steps as { ref: string }[]).map((step) => (step.ref === 'con1' ? { ...step, auth: id } : step))
    const made = await product.flow({ ...flow, steps })
    const other = await product.flow(callingFlow('Uses none', `${sink.url}/a`))
    sink.answers = [{ status: 401 }]
    const run = await send(product, made, '{"company_id": 1}')
    await open(`/runs?run=${run}`)
    await page.getByText('Auth “Broken key” was refused.', { exact: false }).waitFor()
    await page.getByRole('button', { name: 'Re-connect auth' }).click()
    await page.getByRole('dialog', { name: 'Change “Broken key”' }).waitFor()
    const banner = page.getByTestId('broken-auths')
    await open(`/flows/${other.id}`)
    await page.getByTestId('save-state').waitFor()
    assert.equal(await banner.count(), 0)
    await open(`/flows/${made.id}`)
    await banner.getByText(/“Broken key” does not work since .*answered 401/).waitFor()
    await assertAccessible(page, 'flow with a broken auth')
    await banner.getByRole('button', { name: 'Re-connect' }).click()
    const form = page.getByRole('dialog', { name: 'Change “Broken key”' })
    await form
      .getByRole('button', { name: /^Replace/ })
      .first()
      .click()
    await form.getByLabel('Token').last().fill('a good one')
    await form.getByRole('button', { name: 'Save' }).click()
    await banner.waitFor({ state: 'detached' })
  },
)

check(
  'A-04 OAuth opens a window of the vendor’s, gives the focus back and says that access was refused',
  async ({ page, open, context }) => {
    const vendor = createServer((request, response) => {
      const back = new URL(new URL(request.url ?? '', 'http://vendor').searchParams.get('redirect_uri') ?? '')
      back.searchParams.set('state', new URL(request.url ?? '', 'http://vendor').searchParams.get('state') ?? '')
      back.searchParams.set('error', 'access_denied')
      response.writeHead(302, { location: back.href }).end()
    })
    await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve))
    after(() => vendor.close())
    const url = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`
    await addConnector(page, {
      name: 'consenting',
      title: 'Consenting',
      base_domain: `${url}/`,
      auth_config: { oauth2: { authorize_url: `${url}/authorize`, token_url: `${url}/token` } },
      actions: [],
    })
    await addAuth(page, {
      connector: 'consenting',
      name: 'Consent',
      auth_type: 'oauth2',
      user_input: { client_id: 'me', client_secret: 'hush' },
    })
    await open('/connector-auths')
    const button = page.getByRole('button', { name: 'Actions for Consent' })
    await button.click()
    const opened = context.waitForEvent('page')
    await page.getByRole('menuitem', { name: 'Connect again…' }).click()
    await opened
    await page
      .getByRole('alert')
      .getByText(/refused access/)
      .waitFor()
  },
  { expected: /400|Failed to load/ },
)

check('A-05 an auth in use is not deleted; the flows that use it are listed', async ({ page, open }) => {
  const id = await addAuth(page, { ...key, name: 'Needed' })
  const flow = callingFlow('Needs the key', `${sink.url}/a`)
  const steps = (flow.steps as { ref: string }[]).map((step) => (step.ref === 'con1' ? { ...step, auth: id } : step))
  await product.flow({ ...flow, steps })
  await open('/connector-auths')
  await page.getByRole('button', { name: '1 flow: which use Needed' }).click()
  await page
    .getByRole('dialog', { name: '1 flow: which use Needed' })
    .getByRole('link', { name: 'Needs the key' })
    .waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Actions for Needed' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete “Needed”?' })
  await dialog.getByRole('list', { name: 'Flows that use it' }).getByRole('link', { name: 'Needs the key' }).waitFor()
  assert.equal(await dialog.getByRole('button', { name: 'Delete' }).isDisabled(), true)
  const refused = await page.request.delete(`${product.url}/v1/connector-auths/${id}`)
  assert.equal(refused.status(), 409)
})

for (const [look, browser] of looks) {
  check(
    `A-AX no violations in ${look}: list, form`,
    async ({ page, open }) => {
      await addConnector(page, acme)
      await open('/connector-auths')
      await page.getByRole('table', { name: 'Connector auths' }).waitFor()
      await assertAccessible(page, 'list')
      await open('/connector-auths?connect=acme')
      await page.getByLabel('Secret key').waitFor()
      await assertAccessible(page, 'form')
      assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'))
    },
    { browser },
  )
}
