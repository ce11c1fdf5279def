import assert from 'node:assert/strict'
import { assertAccessible, looks, startRig } from './rig.ts'

/** Env variables: named values that every template sees. */

const { product, check } = await startRig()

check('E-01 a variable is added, changed and deleted; every digit stays', async ({ page, open }) => {
  await open('/env-variables')
  await page.getByRole('button', { name: 'New variable' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('1wrong')
  const editor = dialog.getByRole('textbox', { name: 'Value' })
  await editor.focus()
  await page.keyboard.insertText('12345678901234567890')
  await dialog.getByText(/can't be used in templates/).waitFor()
  await dialog.getByRole('textbox', { name: 'Name' }).fill('big_number')
  await dialog.getByText('JSON', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Save' }).click()
  const row = page.getByRole('row').filter({ hasText: 'big_number' })
  await row.getByText('12345678901234567890').waitFor()
  const { json } = await product.api('GET', '/v1/env-variables/big_number')
  assert.equal((json as { value: unknown }).value, 12345678901234567890n)
  await page.getByRole('button', { name: 'Change big_number' }).click()
  await editor.focus()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('hello')
  await dialog.getByText('Text', { exact: true }).waitFor()
  await page.keyboard.press('Control+Enter')
  await row.getByText('"hello"').waitFor()
  await page.getByRole('button', { name: 'Delete big_number' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('No env variables yet').waitFor()
})

for (const [look, browser] of looks) {
  check(
    `E-AX no violations in ${look}: list, form`,
    async ({ page, open }) => {
      await page.request.put(`${product.url}/v1/env-variables/base_url`, { data: { value: 'https://example.com' } })
      await open('/env-variables')
      await page.getByRole('table', { name: 'Env variables' }).waitFor()
      await assertAccessible(page, 'list')
      await page.getByRole('button', { name: 'New variable' }).click()
      await page.getByRole('textbox', { name: 'Value' }).waitFor()
      await assertAccessible(page, 'form')
    },
    { browser },
  )
}
