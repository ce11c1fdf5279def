import assert from 'node:assert/strict'
import { assertAccessible, startRig } from './rig.ts'

/** The editor of a connector's webhook trigger, ui.md 3.4. */

const { check } = await startRig()

check(
  'C-04 a trigger’s requests are templates, with completion, a preview, and None for a token that is off',
  async ({ page, open, url }) => {
    await open('/new-connector')
    await page.getByText('Webhook trigger', { exact: true }).click()
    await page.getByRole('button', { name: 'Add a webhook trigger' }).click()
    const register = page.getByRole('group', { name: 'Register' })
    const body = register.getByRole('textbox', { name: 'Body' })
    await body.getByText('webhook_token').waitFor()
    const rendered = page.getByTestId('rendered-create')
    await rendered.getByText('https://api.example.com/webhooks').waitFor()
    const tree = rendered.getByRole('tree', { name: 'Register: body' })
    await tree.getByRole('treeitem', { name: /^token.*ey/ }).waitFor()
    await tree.getByRole('treeitem', { name: /^url.*\/v1\/flow-webhook\// }).waitFor()
    const names = page.getByRole('region', { name: 'What the templates see' })
    await page.getByRole('switch', { name: 'The flow asks for a Bearer token' }).uncheck()
    await names.getByText(/webhook_token \}\}\s+None/).waitFor()
    await tree.getByRole('treeitem', { name: /^token.*null/ }).waitFor()
    const endpoint = page.getByRole('group', { name: 'Unregister' }).getByRole('textbox', { name: 'Endpoint' })
    await endpoint.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('hooks/{{ ')
    const list = page.locator('.cm-tooltip-autocomplete')
    for (const name of ['connectorAuth', 'webhook_url', 'webhook_token']) await list.getByText(name).first().waitFor()
    await page.keyboard.type('regist')
    await list.getByText('registration').waitFor()
    await page.keyboard.press('Enter')
    await page.keyboard.type('.id }}')
    await page.getByTestId('rendered-delete').getByText('https://api.example.com/hooks/wh_1').waitFor()
    // It is one document: the JSON beside the form has it.
    await page.getByRole('textbox', { name: 'Connector as JSON' }).getByText('hooks/{{ registration.id').waitFor()
    await assertAccessible(page, 'trigger of a connector')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'My app' }).waitFor()
    const { webhook_trigger } = await (await page.request.get(`${url}/v1/connectors/my_app`)).json()
    assert.match(webhook_trigger.delete.endpoint, /^hooks\/\{\{ ?registration\.id ?\}\}/)
  },
)
