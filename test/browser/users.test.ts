import assert from 'node:assert/strict'
import { admin, assertAccessible, looks, startRig } from './rig.ts'

/** The people of the account. */

const { product, check } = await startRig()

check('U-01 an admin adds a member, changes the role, disables and deletes', async ({ page, open }) => {
  await open('/users')
  await page.getByRole('row').filter({ hasText: admin.email }).getByText('you').waitFor()
  await page.getByRole('button', { name: 'New user' }).click()
  const dialog = page.getByRole('dialog', { name: 'New user' })
  await dialog.getByLabel('Name').fill('Grace Hopper')
  await dialog.getByLabel('Email').fill('grace@example.com')
  await dialog.getByRole('textbox', { name: 'Password' }).fill('a password that is long')
  await dialog.getByRole('button', { name: 'Add user' }).click()
  const row = page.getByRole('row').filter({ hasText: 'grace@example.com' })
  await row.getByText('Member').waitFor()
  await row.getByRole('button', { name: 'Actions for Grace Hopper' }).click()
  await page.getByRole('menuitem', { name: 'Make admin' }).click()
  await row.getByText('Admin').waitFor()
  await row.getByRole('button', { name: 'Actions for Grace Hopper' }).click()
  await page.getByRole('menuitem', { name: 'Disable' }).click()
  await row.getByText('disabled').waitFor()
  const signIn = await fetch(`${product.url}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'grace@example.com', password: 'a password that is long' }),
  })
  assert.equal(signIn.status, 401)
  await row.getByRole('button', { name: 'Actions for Grace Hopper' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await row.waitFor({ state: 'detached' })
})

for (const [look, browser] of looks) {
  check(
    `U-AX no violations in ${look}: list, form`,
    async ({ page, open }) => {
      await open('/users')
      await page.getByRole('table', { name: 'Users' }).waitFor()
      await assertAccessible(page, 'list')
      await page.getByRole('button', { name: 'New user' }).click()
      await page.getByRole('dialog', { name: 'New user' }).waitFor()
      await assertAccessible(page, 'form')
    },
    { browser },
  )
}
