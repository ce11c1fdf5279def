import assert from 'node:assert/strict'
import type { Locator } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import { startSink } from '../e2e/rig.ts'
import { announced, arrow, card, panel, webhook } from './builder-page.ts'
import { assertAccessible, startRig } from './rig.ts'

const { check, product } = await startRig()

/** A vendor whose actions share a field, with one that depends on another, and a webhook of its own. */
const acme: JsonObject = {
  name: 'acme',
  title: 'Acme',
  base_domain: 'https://api.acme.example/',
  auth_config: {
    api_key: {
      header: 'authorization',
      format: 'Bearer {{ token }}',
      form: { properties: { region: { type: 'string' } }, required: ['region'] },
    },
  },
  actions: [
    {
      name: 'create_issue',
      title: 'Create an issue',
      description: 'Opens a ticket',
      method: 'POST',
      endpoint: 'issues',
      form: {
        type: 'object',
        properties: {
          name: { type: 'string', minLength: 1 },
          email: { type: 'string', format: 'email' },
          kind: { type: 'string', enum: ['bug', 'wish'] },
        },
        required: ['name'],
        if: { properties: { kind: { const: 'bug' } }, required: ['kind'] },
        // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word.
        then: { properties: { severity: { type: 'string' } } },
      },
    },
    {
      name: 'close_issue',
      title: 'Close an issue',
      method: 'POST',
      endpoint: 'issues/close',
      form: { type: 'object', properties: { name: { type: 'string' }, kind: { type: 'boolean' } } },
    },
  ],
  webhook_trigger: {
    events: ['issue.created', { name: 'issue.closed', title: 'Issue closed' }],
    create: { method: 'POST', endpoint: 'hooks', body: { url: '{{ webhook_url }}' }, id: '{{ response.body.id }}' },
    list: {
      method: 'GET',
      endpoint: 'hooks',
      items: '{{ response.body }}',
      id: '{{ item.id }}',
      url: '{{ item.url }}',
    },
    delete: { method: 'DELETE', endpoint: 'hooks/{{ registration.id }}', gone: [404] },
  },
}
const added = await product.api('POST', '/v1/connectors', acme, {
  authorization: `Bearer ${await product.newToken(['connectors'])}`,
})
if (added.status !== 201) throw new Error(added.text)

/** A vendor that is really there, and can be searched. */
const sink = await startSink()
const crm: JsonObject = {
  name: 'crm',
  title: 'Crm',
  base_domain: `${sink.url}/`,
  auth_config: { api_key: {} },
  search_config: { action: 'find', field: 'q', label: '{{ item.name }}' },
  actions: [
    {
      name: 'find',
      title: 'Find people',
      endpoint: 'people',
      query: { q: '{{ q }}' },
      form: { properties: { q: { type: 'string' } } },
      output: '{{ response.body.people }}',
    },
    {
      name: 'call',
      title: 'Call a person',
      method: 'POST',
      endpoint: 'calls',
      body: { person: '{{ person }}' },
      form: { properties: { person: { ui: { search: true } } }, required: ['person'] },
    },
  ],
}
const addedCrm = await product.api('POST', '/v1/connectors', crm, {
  authorization: `Bearer ${await product.newToken(['connectors'])}`,
})
if (addedCrm.status !== 201) throw new Error(addedCrm.text)
const login = await product.api(
  'POST',
  '/v1/connector-auths',
  { connector: 'crm', name: 'Crm prod', auth_type: 'api_key', auth_token: 's3cret' },
  { authorization: `Bearer ${await product.newToken(['connector_auth'])}` },
)
if (login.status !== 201) throw new Error(login.text)

const action = (ref: string, name: string, x: number, input: JsonObject = {}): JsonObject => ({
  ref,
  connector: 'acme',
  action: name,
  position: { x, y: 0 },
  input,
})
const afterWebhook = (step: JsonObject): JsonObject => ({
  steps: [webhook(), step],
  arrows: [{ from: 'web1', to: 'con1' }],
})

check('an action’s title is read whole, however long', async ({ page, openFlow }) => {
  const title =
    'Create or update a contact with its custom properties, lists, consents and the owner responsible for it'
  const wordy = { name: 'wordy', title: 'Wordy', base_domain: 'https://api.wordy.example/' }
  const actions = [
    { name: 'upsert', title, endpoint: 'contacts' },
    { name: 'list', title: 'List', endpoint: 'contacts' },
  ]
  const made = await page.request.post(`${product.url}/v1/connectors`, { data: { ...wordy, actions } })
  assert.ok(made.ok(), await made.text())
  await openFlow(
    { steps: [webhook(), { ref: 'con1', connector: 'wordy', action: 'upsert', input: {} }], arrows: [] },
    '?step=con1',
  )
  const isWhole = (box: Locator) =>
    box.evaluate((each) => each.scrollWidth <= each.clientWidth && each.scrollHeight <= each.clientHeight)
  assert.ok(await isWhole(panel(page).getByLabel('Name of the step')))
  const field = panel(page).getByLabel('Action', { exact: true })
  assert.equal(await field.getAttribute('title'), title)
  await field.click()
  assert.ok(await isWhole(page.getByRole('option', { name: title })))
  await page.keyboard.press('Escape')
  assert.equal(await card(page, 'con1').getByText(title).getAttribute('title'), title)
  await page.setViewportSize({ width: 375, height: 720 })
  assert.ok(await isWhole(page.getByRole('list', { name: 'Steps of this flow' }).getByText(title)))
})

check(
  'C-01 typing finds actions; trigger finds Trigger by Webhook first, and Enter takes it',
  async ({ page, openFlow }) => {
    await openFlow({ steps: [action('con1', 'create_issue', 0)], arrows: [] }, '?step=con1')
    const field = page
      .getByRole('combobox', { name: 'Action' })
      .or(page.getByLabel('Action', { exact: true }))
      .first()
    await field.fill('trigger')
    const first = page.getByRole('option').first()
    assert.match((await first.textContent()) ?? '', /^Trigger by Webhook/)
    await field.fill('tick')
    await page.getByRole('option', { name: /Create an issue/ }).waitFor()
    await field.fill('zzz')
    await page.getByText('No action called “zzz”').waitFor()
    await field.fill('trigger')
    await page.locator('[data-combobox-selected]').getByText('Trigger by Webhook').waitFor()
    await page.keyboard.press('Enter')
    await panel(page).getByText('Always async').waitFor()
  },
)

check('C-02 a trigger is offered to the first step only, with a way there', async ({ page, openFlow }) => {
  await openFlow(
    {
      steps: [
        { ref: 'res1', connector: 'dict', action: 'set', position: { x: 0, y: 0 }, input: {} },
        action('con1', 'create_issue', 300),
      ],
      arrows: [{ from: 'res1', to: 'con1' }],
    },
    '?step=con1',
  )
  const field = panel(page).getByLabel('Action', { exact: true })
  await field.fill('trigger')
  const option = page.getByRole('option', { name: /Trigger by Webhook/ })
  await option.getByText('A trigger must be the first step').waitFor()
  assert.equal(await option.getAttribute('data-combobox-disabled'), 'true')
  await field.blur()
  await panel(page).getByRole('button', { name: 'Move to start' }).click()
  await announced(page).getByText('con1 is now the first step').waitFor({ state: 'attached' })
  await arrow(page, 'con1-res1').waitFor({ state: 'attached' })
  await panel(page).getByText('Always async').waitFor()
})

check('C-03 the trigger’s panel shows its fixed answer, event types and registration', async ({ page, openFlow }) => {
  await openFlow({ steps: [action('con1', 'trigger_by_webhook', 0)], arrows: [] }, '?step=con1')
  await panel(page)
    .getByText(/gets 200 and null at once/)
    .waitFor()
  await panel(page).getByRole('checkbox', { name: 'Issue closed' }).check()
  await panel(page)
    .getByTestId('registration')
    .getByText(/Not registered/)
    .waitFor()
  await assertAccessible(page, 'trigger panel', '[data-testid="step-panel"]')
})

check('C-05 another action keeps the values of fields with the same name and type', async ({ page, openFlow }) => {
  await openFlow(afterWebhook(action('con1', 'create_issue', 300, { name: 'Kept', kind: 'bug' })), '?step=con1')
  await panel(page).getByText('Kept').waitFor()
  await panel(page).getByLabel('Action', { exact: true }).fill('close')
  await page.locator('[data-combobox-selected]').getByText('Close an issue').waitFor()
  await page.keyboard.press('Enter')
  await panel(page).getByRole('switch', { name: 'Kind' }).waitFor()
  await panel(page).getByRole('textbox', { name: 'Name' }).getByText('Kept').waitFor()
  assert.equal(await panel(page).getByRole('switch', { name: 'Kind' }).isChecked(), false)
})

check('C-06 text is a template field, and a choice can be an expression', async ({ page, openFlow }) => {
  await openFlow(afterWebhook(action('con1', 'create_issue', 300)), '?step=con1')
  const name = panel(page).getByRole('textbox', { name: 'Name', exact: true })
  await name.click()
  await page.keyboard.type('{{ web1.')
  await page.locator('.cm-tooltip-autocomplete').getByText('company_id').waitFor()
  await page.keyboard.press('Escape')
  await panel(page).getByRole('button', { name: 'Use expression for Kind' }).click()
  const kind = panel(page).getByRole('textbox', { name: 'Kind' })
  await kind.click()
  await page.keyboard.insertText('{{ web1.kind }}')
  await panel(page).getByRole('textbox', { name: 'Kind' }).getByText('web1.kind').waitFor()
})

check(
  'a press beside a field is not lost to what the field shows or hides when it is left',
  async ({ page, openFlow }) => {
    await openFlow(afterWebhook(action('con1', 'create_issue', 300)), '?step=con1')
    await panel(page).getByRole('textbox', { name: 'Name', exact: true }).click()
    await page.keyboard.type('{{ web1.')
    await page.locator('.cm-tooltip-autocomplete').getByText('company_id').waitFor()
    await page.keyboard.press('Escape')
    const button = await panel(page).getByRole('button', { name: 'Use expression for Kind' }).boundingBox()
    await page.mouse.move(button!.x + button!.width / 2, button!.y + button!.height / 2)
    await page.mouse.down()
    // As long as a finger takes: what the press has changed is drawn meanwhile.
    for (let frame = 0; frame < 10; frame++) await page.evaluate('new Promise(requestAnimationFrame)')
    await page.mouse.up()
    await panel(page).getByRole('textbox', { name: 'Kind' }).waitFor()
  },
)

check(
  'C-07 problems appear under the field after it is left; conditional fields keep their data',
  async ({ page, openFlow }) => {
    await openFlow(afterWebhook(action('con1', 'create_issue', 300, { name: 'x' })), '?step=con1')
    const name = panel(page).getByRole('textbox', { name: 'Name', exact: true })
    await name.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Delete')
    await page.keyboard.press('Tab')
    await panel(page).getByText('Required').waitFor()
    assert.equal(await name.getAttribute('aria-invalid'), 'true')
    const described = (await name.getAttribute('aria-describedby'))?.split(' ').at(-1) ?? ''
    assert.equal(await page.locator(`[id="${described}"]`).textContent(), 'Required')
    const choose = async (kind: string) => {
      await panel(page).getByRole('combobox', { name: 'Kind' }).click()
      await page.getByRole('option', { name: kind }).click()
    }
    await choose('bug')
    await panel(page).getByRole('textbox', { name: 'Severity' }).click()
    await page.keyboard.insertText('high')
    await choose('wish')
    await panel(page).getByRole('textbox', { name: 'Severity' }).waitFor({ state: 'detached' })
    await choose('bug')
    await panel(page).getByRole('textbox', { name: 'Severity' }).getByText('high').waitFor()
  },
)

check('a login is made without leaving the flow', async ({ page, openFlow }) => {
  await openFlow(afterWebhook(action('con1', 'create_issue', 300)), '?step=con1')
  await panel(page).getByRole('button', { name: 'New', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'New connector auth for Acme' })
  await dialog.getByLabel('Name').fill('Acme prod')
  await dialog.getByRole('textbox', { name: 'Token' }).fill('s3cret-token')
  await dialog.getByRole('textbox', { name: 'Region' }).fill('eu')
  await assertAccessible(page, 'new auth')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await dialog.waitFor({ state: 'detached' })
  await panel(page).getByRole('combobox', { name: 'Connector auth' }).waitFor()
  assert.equal(await panel(page).getByRole('combobox', { name: 'Connector auth' }).inputValue(), 'Acme prod')
  assert.ok(!(await page.content()).includes('s3cret-token'))
  await card(page, 'con1').waitFor()
})

check('T-04 the status menu of an automatic trigger shows its registration', async ({ page, openFlow }) => {
  await openFlow({ steps: [action('con1', 'trigger_by_webhook', 0)], arrows: [] })
  await page.getByTestId('status-button').click()
  await page
    .getByRole('menu')
    .getByText(/Not registered|Registering|Registered|Failed/)
    .waitFor()
  await page.getByTestId('status-webhook-url').waitFor({ state: 'detached' })
})

check(
  'a field is set to what the vendor’s own search finds, or to what is typed when it finds nothing',
  async ({ page, openFlow }) => {
    const step = { ref: 'con1', connector: 'crm', action: 'call', position: { x: 300, y: 0 }, input: {} }
    await openFlow(afterWebhook(step), '?step=con1')
    const find = panel(page).getByRole('button', { name: 'Find in Crm: Person' })
    await find.click()
    await page.getByText('Choose a connector auth first, or type the value.').waitFor()
    await page.keyboard.press('Escape')
    await panel(page).getByRole('combobox', { name: 'Connector auth' }).click()
    await page.getByRole('option', { name: 'Crm prod' }).click()
    sink.answers = [
      { body: '{"people":[{"id":12345678901234567890,"name":"Ada Lovelace"},{"id":2,"name":"Grace Hopper"}]}' },
    ]
    await find.click()
    await page.getByRole('textbox', { name: 'Search in Crm' }).fill('ada')
    await page.getByRole('option', { name: /Ada Lovelace/ }).waitFor()
    await assertAccessible(page, 'found in the vendor’s app')
    assert.match(sink.requests.at(-1)?.path ?? '', /^\/people\?q=ada/)
    assert.match(String(sink.requests.at(-1)?.headers.authorization), /s3cret/)
    await page.getByRole('option', { name: /Ada Lovelace/ }).click()
    const person = panel(page).getByRole('textbox', { name: 'Person' })
    await person.getByText('12345678901234567890').waitFor()
    sink.answers = [{ status: 403, body: '{"message":"the scope people.read is missing"}' }]
    await find.click()
    await page.getByRole('textbox', { name: 'Search in Crm' }).fill('grace')
    await page.getByText(/the scope people.read is missing.*Type the value instead/).waitFor()
    await page.keyboard.press('Escape')
    await person.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText('{{ web1.person }}')
    await person.getByText('web1.person').waitFor()
    assert.ok(!(await page.content()).includes('s3cret'))
  },
  { expected: /400/ },
)
