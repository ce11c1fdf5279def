import assert from 'node:assert/strict'
import type { JsonObject } from '../../src/flow/json.ts'
import { assertAccessible, looks, startRig, until } from './rig.ts'

/** The catalogue of connectors and the editor of own ones, ui.md 3.6. */

const { product, check } = await startRig()

const own = (name: string): JsonObject => ({
  name,
  title: `Own ${name}`,
  base_domain: 'https://api.example.com/',
  auth_config: { api_key: {} },
  actions: [{ name: 'ping', title: 'Ping', endpoint: 'ping' }],
})

check('K-01 the filter “has Trigger by Webhook” lists only those', async ({ page, open }) => {
  await page.request.post(`${product.url}/v1/connectors`, { data: own('without_trigger') })
  await open('/connectors')
  const list = page.getByRole('list', { name: 'Connectors', exact: true })
  await list.getByText('Own without_trigger').waitFor()
  await page.getByRole('checkbox', { name: 'has Trigger by Webhook' }).check()
  await until(page, `location.search.includes('trigger')`)
  await list.getByText('Own without_trigger').waitFor({ state: 'detached' })
  const cards = await list.getByRole('listitem').count()
  assert.ok(cards > 0)
  assert.equal(await list.getByText('Trigger by Webhook').count(), cards)
  await page.reload()
  await list.getByRole('listitem').first().waitFor()
  await page.getByRole('searchbox', { name: 'Search connectors' }).fill('github')
  await until(page, `document.querySelectorAll('ul[aria-label="Connectors"] li').length === 1`)
})

check(
  'K-02 a file is imported; errors point to the line',
  async ({ page, open }) => {
    await open('/new-connector')
    const input = page.getByTestId('import-connector')
    const file = (name: string, text: string) => ({ name, mimeType: 'application/json', buffer: Buffer.from(text) })
    await input.setInputFiles(file('broken.json', '{\n  "name": "broken",\n  "title" "oops"\n}'))
    const problems = page.getByRole('alert', { name: 'Problems' })
    await problems.getByRole('button', { name: 'line 3' }).waitFor()
    const bad = `{\n  "name": "bad",\n  "title": "Bad",\n  "base_domain": "https://x.example.com/",\n  "actions": [\n    {\n      "name": "Not Good",\n      "title": "T",\n      "endpoint": "e"\n    }\n  ]\n}`
    await input.setInputFiles(file('bad.json', bad))
    await problems.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Save' }).click()
    await problems.getByRole('button', { name: 'line 7' }).click()
    await problems.getByText('actions.0.name').waitFor()
    const refused = page.locator('header').getByRole('alert')
    await input.setInputFiles(file('old.json', '{"swagger": "2.0", "info": {"title": "Old"}, "paths": {}}'))
    await refused.getByText('convert it to OpenAPI 3 first').waitFor()
    await input.setInputFiles(file('broken.yaml', 'openapi: 3.0.0\ninfo: ['))
    await refused.getByText(/^Not imported: .*line 2/).waitFor()
    // What was there before is still there.
    await page.getByLabel('Connector as JSON').getByText('Not Good').waitFor()
    const openapi = {
      openapi: '3.1.0',
      info: { title: 'Pet Shop', version: '1' },
      servers: [{ url: 'https://pets.example.com/v2' }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      paths: {
        '/pets/{petId}': {
          get: {
            operationId: 'getPet',
            summary: 'Get a pet',
            parameters: [{ name: 'petId', in: 'path', required: true }],
          },
          put: { operationId: 'drawPet', requestBody: { content: { 'image/png': {} } } },
        },
      },
    }
    await input.setInputFiles(file('openapi.json', JSON.stringify(openapi)))
    const said = page.getByRole('status').filter({ hasText: 'Made from an OpenAPI document: 2 actions.' })
    await said
      .getByRole('listitem')
      .getByText(/image\/png/)
      .waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'Pet Shop' }).waitFor()
    await page
      .getByText(/pets\/\{\{/)
      .first()
      .waitFor()
  },
  { expected: /400|422/ },
)

check('what was typed in a connector is not left behind without a question', async ({ page, open }) => {
  await open('/new-connector')
  const title = page.getByLabel('Title')
  await page.getByRole('link', { name: 'Cancel' }).click()
  await page.waitForURL(/\/connectors$/)
  await open('/new-connector')
  await title.fill('Half a connector')
  await page.getByRole('link', { name: 'Cancel' }).click()
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' })
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'detached' })
  assert.equal(await title.inputValue(), 'Half a connector')
  await page.getByRole('link', { name: 'Flows', exact: true }).click()
  await dialog.getByRole('button', { name: 'Leave' }).click()
  await page.waitForURL(/\/flows$/)
})

check(
  'K-03 a connector in use is not deleted; the flows that use it are listed',
  async ({ page, open }) => {
    await page.request.post(`${product.url}/v1/connectors`, { data: own('in_use') })
    await product.flow({
      name: 'Uses the connector',
      status: 'draft',
      steps: [
        { ref: 'web1', connector: 'webhook', action: 'webhook', input: {} },
        { ref: 'con1', connector: 'in_use', action: 'ping', input: {} },
      ],
      arrows: [{ from: 'web1', to: 'con1' }],
    })
    await open('/connectors/in_use')
    await page.getByRole('button', { name: 'Delete' }).click()
    const dialog = page.getByRole('dialog', { name: 'Delete “Own in_use”?' })
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('link', { name: 'Uses the connector' }).waitFor()
  },
  { expected: /409/ },
)

check('K-editor the form and the JSON are one document', async ({ page, open }) => {
  await open('/new-connector')
  const json = page.getByRole('textbox', { name: 'Connector as JSON' })
  await json.getByText('"My app"').waitFor()
  await page.getByRole('textbox', { name: 'Title' }).fill('Warehouse')
  await json.getByText('"Warehouse"').waitFor()
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('warehouse')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'Warehouse' }).waitFor()
  await page.getByRole('tab', { name: 'Auth types' }).click()
  await page.getByRole('region', { name: 'API key' }).waitFor()
})

for (const [look, browser] of looks) {
  check(
    `K-AX no violations in ${look}: grid, detail, editor`,
    async ({ page, open }) => {
      await open('/connectors')
      await page.getByRole('listitem').filter({ hasText: 'GitHub' }).waitFor()
      await assertAccessible(page, 'grid')
      for (const tab of ['actions', 'auth', 'trigger']) {
        await open(`/connectors/github?tab=${tab}`)
        await page.getByRole('tabpanel').waitFor()
        await assertAccessible(page, `tab ${tab}`)
      }
      await open('/new-connector')
      await page.getByRole('textbox', { name: 'Connector as JSON' }).waitFor()
      await assertAccessible(page, 'editor')
      assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'))
    },
    { browser },
  )
}
