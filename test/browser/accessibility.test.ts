import type { Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import { card, panel, threeSteps, webhook } from './builder-page.ts'
import { assertAccessible, type CheckOptions, type Scene, startRig } from './rig.ts'

const { check } = await startRig()

const looks: readonly [string, CheckOptions][] = [
  ['light', {}],
  ['dark', { browser: { colorScheme: 'dark' } }],
]
const phone = { viewport: { width: 390, height: 844 } }

/** A step of every kind that has a panel of its own or another sort of form. */
const allKinds: JsonObject = {
  steps: [
    webhook({ response: { status_code: '200', body: '{"id": {{ web1.id }}}', headers: {} } }),
    {
      ref: 'con1',
      connector: 'http',
      action: 'request',
      position: { x: 300, y: 0 },
      input: { url: 'http://127.0.0.1:9', headers: { a: 'b' } },
    },
    {
      ref: 'if1',
      connector: 'condition',
      action: 'compare',
      position: { x: 600, y: 0 },
      input: { value_a: '1', comparison: 'equal', value_b: '1' },
    },
    {
      ref: 'loop1',
      connector: 'loop',
      action: 'list',
      position: { x: 900, y: 0 },
      input: { list: '{{ web1.items }}' },
    },
    { ref: 'res1', connector: 'dict', action: 'set', position: { x: 1200, y: 0 }, input: { a: '1' } },
    { ref: 'case1', connector: 'multi_case', action: 'choose', position: { x: 1500, y: 0 }, input: { value: '1' } },
    { ref: 'store1', connector: 'storage', action: 'set', position: { x: 1800, y: 0 }, input: { key: 'a', value: 1 } },
  ],
  arrows: [
    { from: 'web1', to: 'con1' },
    { from: 'con1', to: 'if1' },
    { from: 'if1', to: 'loop1', label: 'true' },
    { from: 'loop1', to: 'res1', label: 'ActionLoop' },
    { from: 'loop1', to: 'case1' },
    { from: 'case1', to: 'store1', label: 'default' },
  ],
}

for (const [look, options] of looks) {
  check(
    `L-04 B-20 axe: flows list, its menu, the palette and the shortcuts, ${look}`,
    async ({ page, open, product }) => {
      await product.flow({ ...threeSteps, name: 'One flow' })
      await open('/flows')
      await page.getByRole('link', { name: 'One flow' }).first().waitFor()
      await assertAccessible(page, 'list')
      await page.getByRole('button', { name: 'Actions for One flow' }).first().click()
      await page.getByRole('menuitem', { name: 'Open' }).waitFor()
      await assertAccessible(page, 'row menu')
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+k')
      await page.getByRole('option').first().waitFor()
      await assertAccessible(page, 'command palette')
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      await assertAccessible(page, 'shortcut sheet')
    },
    options,
  )

  check(
    `B-20 axe: an empty canvas, one card, menus, ${look}`,
    async ({ page, openFlow }) => {
      await openFlow({ steps: [], arrows: [] })
      await assertAccessible(page, 'empty canvas')
      await openFlow({ steps: [webhook()], arrows: [] })
      await card(page, 'web1').waitFor()
      await assertAccessible(page, 'one card')
      await page.getByTestId('status-button').click()
      await page.getByRole('menuitem', { name: /^Paused/ }).waitFor()
      await assertAccessible(page, 'status menu')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByRole('menuitem', { name: 'Flow settings' }).waitFor()
      await assertAccessible(page, 'more menu')
      await page.getByRole('menuitem', { name: 'Flow settings' }).click()
      await page.getByRole('dialog', { name: 'Flow settings' }).waitFor()
      await assertAccessible(page, 'settings')
    },
    options,
  )

  check(
    `B-20 axe: the panel of every kind of step, ${look}`,
    async ({ page, openFlow }) => {
      const { id } = await openFlow(allKinds)
      for (const { ref } of allKinds.steps as { ref: string }[]) await panelOf(page, id, ref, 'setup')
      await panelOf(page, id, 'case1', 'options')
      await panelOf(page, id, 'con1', 'last')
    },
    options,
  )

  check(
    `B-20 axe: the webhook panel’s tabs and open lists, ${look}`,
    async (scene) => {
      const { page, openFlow } = scene
      const flow = await openFlow(allKinds)
      await flow.call({ body: '{"id": 1}', headers: { 'content-type': 'application/json' } })
      await panelOf(page, flow.id, 'web1', 'test')
      await panel(page).getByRole('treeitem').first().waitFor()
      await assertAccessible(page, 'test tab with a request')
      await panelOf(page, flow.id, 'web1', 'response')
      const editor = page.getByRole('textbox', { name: 'Response body' })
      await editor.click()
      await page.keyboard.press('End')
      await page.keyboard.type('{{ web1.')
      await page.locator('.cm-tooltip-autocomplete').waitFor()
      await assertAccessible(page, 'completion open')
      await page.keyboard.press('Escape')
      await page.getByRole('combobox', { name: 'HTTP status code' }).click()
      await page.getByRole('option').first().waitFor()
      await assertAccessible(page, 'status codes open')
    },
    options,
  )

  check(`B-20 axe: list view, ${look}`, listAndPhone('?view=list'), options)
  check(`B-20 axe: on a phone, ${look}`, listAndPhone(''), { browser: { ...options.browser, ...phone } })
}

check(
  'axe: sign-in',
  async ({ page, open }) => {
    await open('/flows')
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await assertAccessible(page, 'sign-in')
  },
  { signedOut: true },
)

async function panelOf(page: Page, id: string, ref: string, tab: string): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/flows/${id}?step=${ref}&tab=${tab}`)
  await panel(page).getByRole('tabpanel').waitFor()
  if (tab === 'setup') await page.waitForTimeout(250)
  await assertAccessible(page, `panel of ${ref}, ${tab}`, '[data-testid="step-panel"]')
}

function listAndPhone(search: string) {
  return async ({ page, openFlow }: Scene) => {
    await openFlow(allKinds, search)
    const list = page.getByRole('list', { name: 'Steps of this flow' })
    await list.waitFor()
    await assertAccessible(page, 'list')
    await list.getByRole('button', { name: /^HTTP request con1/ }).click()
    await panel(page).getByRole('tabpanel').waitFor()
    await assertAccessible(page, 'list with panel')
  }
}
