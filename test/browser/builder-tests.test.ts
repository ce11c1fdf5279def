import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import { startSink } from '../e2e/rig.ts'
import { announced, card, http, panel, saveState, webhook } from './builder-page.ts'
import { assertAccessible, startRig, until } from './rig.ts'

/** Testing what is being edited: one step, or as far as a step. */

const { check } = await startRig()
const sink = await startSink()

const set = (ref: string, x: number, input: JsonObject): JsonObject => ({
  ref,
  connector: 'dict',
  action: 'set',
  position: { x, y: 0 },
  input,
})

/** web1 → res1 → con1 → res2. */
const flow = (con1: JsonObject = {}): JsonObject => ({
  steps: [
    webhook(),
    set('res1', 300, { id: '{{ web1.company_id }}' }),
    http('con1', 600, { method: 'POST', url: `${sink.url}/contacts`, body: { id: '{{ res1.id }}' }, ...con1 }),
    set('res2', 900, { said: '{{ con1.body.ok }}' }),
  ],
  arrows: [
    { from: 'web1', to: 'res1' },
    { from: 'res1', to: 'con1' },
    { from: 'con1', to: 'res2' },
  ],
})

/** Waits until the focus is in a field. */
const focusIn = (page: Page, field: string) =>
  until(page, `document.activeElement.closest('[data-field]')?.dataset.field === '${field}'`)
const button = (page: Page, name: string) => panel(page).getByRole('button', { name, exact: true })
const dataTree = (page: Page) => panel(page).getByRole('tree', { name: 'Data you can insert' })

check(
  'C-08 Test step runs this one step with the sample, and shows input, output and the HTTP call',
  async ({ page, openFlow, product }) => {
    sink.requests.length = 0
    const made = await openFlow(flow(), '?step=con1')
    await button(page, 'Run to here').click()
    await card(page, 'con1').getByLabel('success').waitFor()
    // What is tested is what is on the screen, saved or not.
    await page.getByRole('tab', { name: 'Setup' }).click()
    await panel(page).getByLabel('Name of the step').fill('Contacts')
    await saveState(page).getByText('Unsaved changes').waitFor()
    await button(page, 'Test step').click()
    await panel(page).getByText('Test of con1').waitFor()
    assert.equal(await panel(page).getByRole('tab', { name: 'Last run' }).getAttribute('aria-selected'), 'true')
    await panel(page).getByRole('tree', { name: 'Output' }).getByText('status_code').waitFor()
    await panel(page).getByText('Input', { exact: true }).click()
    await panel(page).getByRole('tree', { name: 'Input' }).getByText('123456').waitFor()
    await panel(page).getByText('HTTP', { exact: true }).click()
    const request = panel(page).getByRole('region', { name: 'Request' })
    await request.getByText('POST').waitFor()
    await request.getByText(`${sink.url}/contacts`).waitFor()
    await panel(page).getByRole('region', { name: 'Response' }).getByText('200').waitFor()
    await assertAccessible(page, 'a tested step')
    assert.equal(sink.requests.length, 2)
    assert.equal(sink.requests[1]?.body, '{"id":123456}')
    const { data } = (await product.api('GET', `/v1/flow-runs?flow_id=${made.id}`)).json as { data: JsonObject[] }
    assert.deepEqual(
      data.map(({ trigger, live }) => [trigger, live]),
      [
        ['test', false],
        ['test', false],
      ],
    )
    assert.deepEqual(
      (await product.steps(String(data[0]?.id))).map(({ ref }) => ref),
      ['con1'],
    )
    await card(page, 'res1').getByLabel('success').waitFor()
  },
)

check(
  'a test under way is cancelled from the step and from the top, and says so',
  async ({ page, openFlow, product, test }) => {
    const calls: (() => void)[] = []
    const called = () => new Promise<void>((resolve) => calls.push(resolve))
    const mute = createServer(() => calls.shift()?.())
    test.after(() => {
      mute.closeAllConnections()
      mute.close()
    })
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}/`
    const made = await openFlow(flow({ url }), '?step=con1')
    const cancelled = async (count: number) => {
      const { data } = (await product.api('GET', `/v1/flow-runs?flow_id=${made.id}&status=cancelled`)).json as {
        data: []
      }
      assert.equal(data.length, count)
    }
    const first = called()
    await button(page, 'Run to here').click()
    await first
    await button(page, 'Cancel run').click()
    await page.getByText('What its steps have done outside stays done.').waitFor()
    await panel(page).getByText('The run was cancelled before this step had ended.').waitFor()
    await cancelled(1)
    await button(page, 'Cancel run').waitFor({ state: 'detached' })
    const second = called()
    await page.getByRole('button', { name: 'Run test' }).click()
    await second
    await page.getByRole('button', { name: 'Cancel run' }).first().click()
    await page.getByRole('button', { name: 'Cancel run' }).first().waitFor({ state: 'detached' })
    await cancelled(2)
    mute.closeAllConnections()
    mute.close()
  },
)

check(
  'C-09 Run to here fills the data tree of later steps, and runs nothing after the step',
  async ({ page, openFlow }) => {
    sink.requests.length = 0
    await openFlow(flow(), '?step=res2')
    await dataTree(page).getByRole('treeitem', { name: /^web1/ }).waitFor()
    await panel(page)
      .getByText(/not run yet/)
      .first()
      .waitFor()
    await card(page, 'con1').click()
    await panel(page).getByText('Tests act for real.').waitFor()
    await button(page, 'Run to here').click()
    await announced(page).getByText('The run has succeeded').waitFor({ state: 'attached' })
    await card(page, 'con1').getByLabel('success').waitFor()
    assert.equal(await card(page, 'res2').getByLabel('success').count(), 0)
    assert.equal(await card(page, 'res2').getByLabel('skipped').count(), 0)
    await card(page, 'res2').click()
    await page.getByRole('tab', { name: 'Setup' }).click()
    const tree = dataTree(page)
    await tree.getByRole('treeitem', { name: /^con1/ }).waitFor()
    await tree.getByRole('treeitem', { name: /^status_code/ }).waitFor()
    await assertAccessible(page, 'run to here')
    assert.deepEqual(
      sink.requests.map(({ path }) => path),
      ['/contacts'],
    )
    // The step after it is tested with what that run has produced.
    await button(page, 'Test step').click()
    await panel(page).getByRole('tree', { name: 'Output' }).getByText('true').waitFor()
    assert.equal(sink.requests.length, 1)
  },
)

check('a failed test says why, what probably lies behind it, and leads to the field', async ({ page, openFlow }) => {
  sink.answers = [{ status: 422, body: '{"message":"email is missing"}' }]
  try {
    await openFlow(flow(), '?step=con1')
    await button(page, 'Run to here').click()
    const error = panel(page).getByRole('region', { name: 'Error of con1' })
    await error.getByText('email is missing').first().waitFor()
    await error.getByText(/refuses its content/).waitFor()
    await card(page, 'con1').getByLabel('error').waitFor()
    await assertAccessible(page, 'a failed test')
    await error.getByRole('button', { name: 'Show the field' }).click()
    await panel(page).getByRole('textbox', { name: 'Body', exact: true }).waitFor()
    await focusIn(page, 'body')
  } finally {
    sink.answers = [{}]
  }
})

check('a step is tested again with edited data', async ({ page, openFlow }) => {
  sink.requests.length = 0
  await openFlow(flow(), '?step=con1')
  await button(page, 'Test with other data').click()
  const dialog = page.getByRole('dialog', { name: 'Test con1 with other data' })
  const editor = dialog.getByRole('textbox', { name: 'Data' })
  await editor.click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('{"later": 1}')
  await dialog.getByText(/steps before con1: web1, res1/).waitFor()
  await assertAccessible(page, 'other data', '[role="dialog"]')
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('{"res1": {"id": 12345678901234567890}}')
  await dialog.getByRole('button', { name: 'Test step' }).click()
  await dialog.waitFor({ state: 'detached' })
  await panel(page).getByText('Test of con1').waitFor()
  await card(page, 'con1').getByLabel('success').waitFor()
  assert.equal(sink.requests[0]?.body, '{"id":12345678901234567890}')
})

check('the sample is edited, and previews and tests use it', async ({ page, openFlow }) => {
  sink.requests.length = 0
  await openFlow(flow(), '?step=con1')
  await panel(page)
    .getByRole('button', { name: /^Sample:/ })
    .click()
  await page.getByRole('menuitem', { name: 'Edit the data…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Edit the sample' })
  await dialog.getByRole('textbox', { name: 'Data' }).click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('{"company_id": "c-9"}')
  await dialog.getByRole('button', { name: 'Use as sample' }).click()
  await dataTree(page).getByText('c-9').waitFor()
  await button(page, 'Run to here').click()
  await card(page, 'con1').getByLabel('success').waitFor()
  assert.equal(sink.requests[0]?.body, '{"id":"c-9"}')
})

check(
  'a test that can’t run says where, beside the button and at the field',
  async ({ page, openFlow }) => {
    await openFlow(flow({ url: '{{ res1.url' }), '?step=con1&tab=last')
    await button(page, 'Test step').click()
    const refusal = panel(page).getByRole('region', { name: 'Test' }).getByRole('alert')
    await refusal.getByText(/Not run: con1/).waitFor()
    await page.getByRole('tab', { name: 'Setup' }).click()
    await refusal.getByRole('button', { name: 'Show' }).click()
    await focusIn(page, 'url')
  },
  { expected: /422/ },
)

check('in a loop, the data tree has the pass, and a step is tested with it', async ({ page, openFlow }) => {
  sink.requests.length = 0
  await openFlow(
    {
      steps: [
        webhook(),
        { ref: 'loop1', connector: 'loop', action: 'list', input: { list: [10, 20] }, position: { x: 300, y: 0 } },
        http('con1', 600, { method: 'POST', url: `${sink.url}/pass`, body: '{{ loop1.item }}' }),
      ],
      arrows: [
        { from: 'web1', to: 'loop1' },
        { from: 'loop1', to: 'con1', label: 'ActionLoop' },
      ],
    },
    '?step=con1',
  )
  await button(page, 'Run to here').click()
  await panel(page).getByRole('combobox', { name: 'Pass or attempt' }).waitFor()
  await page.getByRole('tab', { name: 'Setup' }).click()
  await dataTree(page).getByRole('treeitem', { name: /^item/ }).getByText('10').waitFor()
  assert.equal(sink.requests.length, 2)
  await button(page, 'Test step').click()
  await panel(page).getByText('Test of con1').waitFor()
  await card(page, 'con1').getByLabel('success').waitFor()
  assert.deepEqual(
    sink.requests.slice(2).map(({ body }) => body),
    ['10'],
  )
})

check('a link to a field of the flow’s settings opens them there', async ({ page, openFlow }) => {
  await openFlow(flow(), '?panel=settings&field=settings.max_concurrent_runs')
  const dialog = page.getByRole('dialog', { name: 'Flow settings' })
  await dialog.waitFor()
  await focusIn(page, 'settings.max_concurrent_runs')
})

check('the open step is tested from the keyboard and from the menu, too', async ({ page, openFlow }) => {
  sink.requests.length = 0
  await openFlow(flow(), '?step=con1')
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Run to the open step' }).click()
  await panel(page).getByText('Run to con1').waitFor()
  await card(page, 'con1').getByLabel('success').waitFor()
  await page.getByRole('tab', { name: 'Setup' }).click()
  await panel(page).getByRole('textbox', { name: 'URL' }).click()
  await page.keyboard.press('Control+Shift+Enter')
  await panel(page).getByText('Test of con1').waitFor()
  assert.deepEqual(
    sink.requests.map(({ body }) => body),
    ['{"id":123456}', '{"id":123456}'],
  )
})
