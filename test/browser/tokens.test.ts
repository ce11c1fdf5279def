import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { assertAccessible, clipboard, looks, startRig } from './rig.ts'
import { plainFlow } from './seed.ts'

/** Personal access tokens, ui.md 3.8. */

const { product, check } = await startRig()

async function create(page: Page, note: string, scope: RegExp): Promise<string> {
  await page.getByRole('button', { name: 'New token' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New token' })
  await dialog.getByRole('textbox', { name: 'Note' }).fill(note)
  await dialog.getByRole('checkbox', { name: scope }).check()
  await dialog.getByRole('button', { name: 'Create token' }).click()
  const value = page.getByTestId('token-value')
  await value.waitFor()
  return (await value.textContent()) ?? ''
}

const row = (page: Page, note: string) => page.getByRole('row').filter({ hasText: note })

check('P-01 the value appears once; afterwards no request and no element holds it', async ({ page, open }) => {
  await open('/tokens')
  const token = await create(page, 'shown once', /^automation\.webhook_run/)
  assert.match(token, /^ey/)
  await page.getByText('Shown once. Copy it now.').waitFor()
  await page.getByRole('button', { name: 'Copy token' }).click()
  assert.equal(await clipboard(page), token)
  await page.keyboard.press('Escape')
  await page.getByTestId('token-value').waitFor()
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await page.getByTestId('token-value').waitFor({ state: 'detached' })
  const answers: Promise<string>[] = []
  page.on('response', (response) => {
    // The stream of events never ends.
    if (!response.url().endsWith('/v1/events')) answers.push(response.text().catch(() => ''))
  })
  assert.ok(!(await page.content()).includes(token))
  await page.reload()
  await row(page, 'shown once').waitFor()
  for (const answer of answers) assert.ok(!(await answer).includes(token))
  assert.ok(!(await page.content()).includes(token))
})

check('P-02 each scope has a plain sentence', async ({ page, open }) => {
  await open('/tokens')
  await page.getByRole('button', { name: 'New token' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New token' })
  await dialog.getByText('can run every webhook flow, and do nothing else').waitFor()
  assert.equal(await dialog.getByRole('checkbox').count(), 16)
  for (const group of ['automation', 'company', 'connector_auth', 'connectors', 'embed']) {
    await dialog.getByRole('group', { name: group, exact: true }).waitFor()
  }
})

check('P-03 a token without an end needs a second confirmation', async ({ page, open }) => {
  await open('/tokens')
  await page.getByRole('button', { name: 'New token' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New token' })
  await dialog.getByRole('textbox', { name: 'Note' }).fill('for ever')
  await dialog.getByRole('checkbox', { name: /^automation\.view/ }).check()
  await choose(page, 'Expires', 'never')
  await dialog.getByRole('button', { name: 'Create token' }).click()
  await dialog.getByText('Confirm that it never ends, or choose an end.').waitFor()
  await dialog.getByRole('checkbox', { name: /works until someone revokes it/ }).check()
  await dialog.getByRole('button', { name: 'Create token' }).click()
  await page.getByTestId('token-value').waitFor()
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await row(page, 'for ever').getByText('never', { exact: false }).first().waitFor()
})

async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).first().click()
  await page.getByRole('option', { name: option, exact: true }).click()
}

check('P-04 regenerating says that the old value stops at once, and it does', async ({ page, open }) => {
  await open('/tokens')
  const old = await create(page, 'renewed', /^automation: /)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  const ask = (token: string) => fetch(`${product.url}/v1/flows`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal((await ask(old)).status, 200)
  await page.getByRole('button', { name: 'Regenerate renewed' }).click()
  const dialog = page.getByRole('dialog', { name: 'Regenerate “renewed”?' })
  await dialog.getByText('The old value stops at once.', { exact: false }).waitFor()
  await dialog.getByRole('button', { name: 'Regenerate' }).click()
  const fresh = (await page.getByTestId('token-value').textContent()) ?? ''
  assert.notEqual(fresh, old)
  assert.equal((await ask(old)).status, 401)
  assert.equal((await ask(fresh)).status, 200)
})

check('P-05 expired tokens and those unused for 90 days are marked', async ({ page, open }) => {
  await open('/tokens')
  await create(page, 'long gone', /^company\.view/)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await create(page, 'forgotten', /^company\.view/)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await product.database.query({
    text: `update personal_access_token set expires_at = now() - interval '1 day' where note = 'long gone'`,
  })
  await product.database.query({
    text: `update personal_access_token set last_used_at = now() - interval '100 days' where note = 'forgotten'`,
  })
  await create(page, 'never used', /^company\.view/)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await product.database.query({
    text: `update personal_access_token set created_at = now() - interval '100 days' where note = 'never used'`,
  })
  await page.reload()
  await row(page, 'never used').getByText('Unused for 90 days').waitFor()
  await row(page, 'forgotten').getByText('just now').waitFor()
  await row(page, 'long gone').getByText('Expired').waitFor()
  await row(page, 'forgotten').getByText('Unused for 90 days').waitFor()
})

check('P-06 a token made here runs a webhook, and a revoked one does not', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Called with a token'))
  await open('/tokens')
  const token = await create(page, 'end to end', /^automation\.webhook_run/)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  assert.equal((await flow.call({ token, body: '{"value": 1}' })).status, 200)
  await page.getByRole('button', { name: 'Revoke end to end' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await row(page, 'end to end').waitFor({ state: 'detached' })
  for (let status = 200; status !== 401; ) status = (await flow.call({ token, body: '{}' })).status
})

for (const [look, browser] of looks) {
  check(
    `P-AX no violations in ${look}: list, form, shown once`,
    async ({ page, open }) => {
      await open('/tokens')
      await page.getByRole('table', { name: 'Personal access tokens' }).waitFor()
      await assertAccessible(page, 'list')
      await page.getByRole('button', { name: 'New token' }).click()
      await page.getByRole('dialog', { name: 'New token' }).waitFor()
      await assertAccessible(page, 'form')
      await page.keyboard.press('Escape')
      await create(page, `axe ${look}`, /^embed\.view/)
      await assertAccessible(page, 'shown once')
      await page.getByRole('button', { name: 'I have copied it' }).click()
      assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'))
    },
    { browser },
  )
}
