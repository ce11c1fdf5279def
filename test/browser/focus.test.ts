import assert from 'node:assert/strict'
import { startRig, until } from './rig.ts'

/** Where the keyboard is after what it did has taken its place away. */

const { check } = await startRig()

const auth = { connector: 'http', name: 'Warehouse', auth_type: 'api_key', auth_token: 'x', tags: [] }
const isInMain = `document.getElementById('main').contains(document.activeElement)`

check(
  'the first auth of a page takes the button away that made it: its page has the keyboard',
  async ({ page, open }) => {
    await open('/connector-auths')
    await page.getByRole('button', { name: 'New auth' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'New connector auth' })
    await dialog.getByRole('combobox', { name: 'Connector' }).click()
    await page.getByRole('option', { name: 'HTTP request' }).click()
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Warehouse')
    await dialog.getByLabel('Token').fill('x')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Warehouse', exact: true }).waitFor()
    await dialog.waitFor({ state: 'detached' })
    await until(page, isInMain)
  },
)

check('a button that was at work has the keyboard again', async ({ page, open, url }) => {
  let answer: () => void = () => undefined
  const asked = new Promise<void>((resolve) => {
    answer = resolve
  })
  await page.request.post(`${url}/v1/connector-auths`, { data: { ...auth, name: 'Kept' } })
  await page.route('**/test', async (route) => {
    await asked
    await route.continue()
  })
  await open('/connector-auths')
  const button = page.getByRole('button', { name: 'Test Kept' })
  await button.press('Enter')
  // The browser lets go of what is disabled.
  await until(page, `document.activeElement === document.body`)
  answer()
  await until(page, `document.activeElement?.getAttribute('aria-label') === 'Test Kept'`)
})

check('a deleted row takes its buttons with it: its page has the keyboard', async ({ page, open, url }) => {
  await page.request.post(`${url}/v1/connector-auths`, { data: { ...auth, name: 'Short-lived' } })
  await open('/connector-auths')
  await page.getByRole('button', { name: 'Actions for Short-lived' }).press('Enter')
  await page.getByRole('menuitem', { name: 'Delete…' }).press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Delete “Short-lived”?' })
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await until(page, `document.activeElement?.getAttribute('aria-label') === 'Actions for Short-lived'`)
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Delete…' }).press('Enter')
  await dialog.getByRole('button', { name: 'Delete' }).press('Enter')
  await page.getByRole('button', { name: 'Actions for Short-lived' }).waitFor({ state: 'detached' })
  await until(page, isInMain)
})

check('an emptied search stays left when the page changes', async ({ page, open }) => {
  await open('/runs')
  const search = page.getByRole('searchbox').first()
  await search.click()
  await page.keyboard.press('Escape')
  await until(page, `document.activeElement === document.body`)
  await page.evaluate(`document.body.append(document.createElement('i'))`)
  assert.equal(await page.evaluate(`document.activeElement === document.body`), true)
})
