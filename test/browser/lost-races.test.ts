import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { admin, assertAccessible, looks, startRig } from './rig.ts'

/** What somebody else has saved while one was typing is not overwritten unseen, and what was typed is not lost. */

const { product, check } = await startRig()
const token = await product.newToken(['automation', 'company', 'connector_auth', 'connectors'])

/** Somebody else, over the API and without any tag. */
async function elsewhere(method: string, path: string, body?: Json): Promise<JsonObject> {
  const reply = await product.api(method, `/v1/${path}`, body, { authorization: `Bearer ${token}` })
  assert.ok(reply.status < 300, reply.text)
  return reply.json as JsonObject
}

const notice = (page: Page) =>
  page.getByRole('alert').filter({ hasText: 'What you typed is still here, and not saved.' })
const expected = /409/

async function type(page: Page, label: string, text: string): Promise<void> {
  await page.getByRole('textbox', { name: label }).focus()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
}

check(
  'an env variable that was changed meanwhile: what is saved now is loaded, what was typed put back, and saved over it',
  async ({ page, open }) => {
    await elsewhere('PUT', 'env-variables/region', { value: 'at first' })
    await open('/env-variables')
    await page.getByRole('table', { name: 'Env variables' }).waitFor()
    // Saved after the list was read: the form shows what is saved when it opens.
    await elsewhere('PUT', 'env-variables/region', { value: 'before' })
    await page.getByRole('button', { name: 'Change region' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('before', { exact: true }).waitFor()
    await type(page, 'Value', 'mine')
    await elsewhere('PUT', 'env-variables/region', { value: 'theirs' })
    await dialog.getByRole('button', { name: 'Save', exact: true }).click()
    await notice(page)
      .getByText(/^region was changed meanwhile/)
      .waitFor()
    await dialog.getByText('mine', { exact: true }).waitFor()
    assert.equal((await elsewhere('GET', 'env-variables/region')).value, 'theirs')
    await dialog.getByRole('button', { name: 'Load what is saved now' }).press('Enter')
    await dialog.getByText('theirs', { exact: true }).waitFor()
    await notice(page).waitFor({ state: 'detached' })
    // The keyboard is beside the way back.
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await dialog.getByText('mine', { exact: true }).waitFor()
    await elsewhere('PUT', 'env-variables/region', { value: 'theirs again' })
    await dialog.getByRole('button', { name: 'Save', exact: true }).click()
    await notice(page).waitFor()
    await dialog.getByRole('button', { name: 'Save mine over it' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal((await elsewhere('GET', 'env-variables/region')).value, 'mine')
  },
  { expected },
)

check(
  'an env variable that was deleted meanwhile is made anew from what was typed',
  async ({ page, open }) => {
    await elsewhere('PUT', 'env-variables/gone', { value: 'before' })
    await open('/env-variables')
    await page.getByRole('button', { name: 'Change gone' }).click()
    const dialog = page.getByRole('dialog')
    await type(page, 'Value', 'mine')
    await elsewhere('DELETE', 'env-variables/gone')
    await dialog.getByRole('button', { name: 'Save', exact: true }).click()
    await notice(page)
      .getByText(/^gone was deleted meanwhile/)
      .waitFor()
    await dialog.getByRole('button', { name: 'Save mine as a new one' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal((await elsewhere('GET', 'env-variables/gone')).value, 'mine')
  },
  { expected },
)

check(
  'a connector that was changed meanwhile: what is saved now goes on being edited, or mine is saved over it',
  async ({ page, open }) => {
    const shop = { name: 'shop', title: 'Shop', base_domain: 'https://shop.example/', actions: [] }
    await elsewhere('POST', 'connectors', shop)
    await open('/connectors/shop/edit')
    const title = page.getByRole('textbox', { name: 'Title', exact: true })
    const save = page.getByRole('button', { name: 'Save', exact: true })
    await title.fill('Mine')
    await elsewhere('PUT', 'connectors/shop', { ...shop, description: 'Theirs' })
    await save.click()
    await page.getByRole('button', { name: 'Load what is saved now' }).click()
    await page.getByRole('status').getByText('This is what is saved now.').waitFor()
    assert.equal(await title.inputValue(), 'Shop')
    assert.equal(await page.getByRole('textbox', { name: 'Description' }).inputValue(), 'Theirs')
    await title.fill('Both')
    await save.click()
    await page.getByRole('heading', { name: 'Both' }).waitFor()
    const both = await elsewhere('GET', 'connectors/shop')
    assert.deepEqual([both.title, both.description], ['Both', 'Theirs'])

    await open('/connectors/shop/edit')
    await title.fill('Mine after all')
    await elsewhere('PUT', 'connectors/shop', shop)
    await save.click()
    await page.getByRole('button', { name: 'Save mine over it' }).click()
    await page.getByRole('heading', { name: 'Mine after all' }).waitFor()
    assert.equal((await elsewhere('GET', 'connectors/shop')).description, 'Theirs')
  },
  { expected },
)

check(
  'an auth that was changed meanwhile: a secret that was typed is still there',
  async ({ page, open }) => {
    const auth = { connector: 'http', auth_type: 'api_key', auth_token: 'hush' }
    const { id } = await elsewhere('POST', 'connector-auths', { ...auth, name: 'Shop key' })
    await open(`/connector-auths?auth=${id}`)
    const dialog = page.getByRole('dialog')
    const name = dialog.getByRole('textbox', { name: 'Name' })
    await name.fill('Mine')
    await dialog.getByRole('button', { name: /^Replace/ }).click()
    const secret = dialog.locator('input[type="password"]')
    await secret.fill('a new secret')
    await elsewhere('PUT', `connector-auths/${id}`, { ...auth, name: 'Theirs' })
    await dialog.getByRole('button', { name: 'Save', exact: true }).click()
    await dialog.getByRole('button', { name: 'Load what is saved now' }).click()
    await dialog.getByRole('button', { name: 'Put back what I typed' }).waitFor()
    assert.equal(await name.inputValue(), 'Theirs')
    await dialog.getByRole('button', { name: 'Put back what I typed' }).click()
    assert.deepEqual([await name.inputValue(), await secret.inputValue()], ['Mine', 'a new secret'])
    await dialog.getByRole('button', { name: 'Save', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal((await elsewhere('GET', `connector-auths/${id}`)).name, 'Mine')
  },
  { expected },
)

check(
  'a user whom another admin has changed meanwhile is shown as they are now; a password is set all the same on purpose',
  async ({ page, open }) => {
    const password = 'a password that is long'
    const { id } = await elsewhere('POST', 'users', { name: 'Grace', email: 'grace@example.com', password })
    await open('/users')
    const row = page.getByRole('row').filter({ hasText: 'grace@example.com' })
    await row.getByText('Member').waitFor()
    await elsewhere('PATCH', `users/${id}`, { disabled: true })
    await row.getByRole('button', { name: 'Actions for Grace' }).click()
    await page.getByRole('menuitem', { name: 'Make admin' }).click()
    await row.getByRole('alert').getByText('Changed meanwhile; not by you.').waitFor()
    await row.getByText('disabled').waitFor()
    assert.equal((await elsewhere('GET', `users/${id}`)).role, 'member')

    await row.getByRole('button', { name: 'Actions for Grace' }).click()
    const opened = page.waitForResponse((response) => response.url().endsWith(`/users/${id}`))
    await page.getByRole('menuitem', { name: 'Set a new password…' }).click()
    await opened
    await page.getByRole('textbox', { name: 'New password' }).fill('my own choice of words')
    await elsewhere('PATCH', `users/${id}`, { password: 'their own choice of words' })
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Set password' }).click()
    await dialog.getByRole('alert').getByText('Yours is not set').waitFor()
    await dialog.getByRole('button', { name: 'Set it all the same' }).click()
    await dialog.waitFor({ state: 'detached' })
    await elsewhere('PATCH', `users/${id}`, { disabled: false })
    await elsewhere('POST', 'session', { email: 'grace@example.com', password: 'my own choice of words' })
  },
  { expected },
)

check(
  'one’s own name that an admin has changed meanwhile',
  async ({ page, open }) => {
    const { data } = (await elsewhere('GET', 'users')) as { data: JsonObject[] }
    const me = data.find(({ email }) => email === admin.email)!
    const opened = page.waitForResponse((response) => response.url().endsWith('/session'))
    await open('/settings')
    await opened
    const name = page.getByRole('textbox', { name: 'Name' })
    await name.fill('Ada')
    await page.getByRole('button', { name: 'Save name' }).click()
    await page.getByText('Name saved').waitFor({ state: 'attached' })
    await name.fill('Ada King')
    await elsewhere('PATCH', `users/${me.id}`, { name: 'Countess' })
    await page.getByRole('button', { name: 'Save name' }).click()
    await page.getByRole('button', { name: 'Load what is saved now' }).click()
    await page.getByRole('button', { name: 'Put back what I typed' }).click()
    await page.getByRole('button', { name: 'Save name' }).click()
    await page.getByRole('button', { name: 'Put back what I typed' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Save name', disabled: true }).waitFor()
    assert.equal((await elsewhere('GET', `users/${me.id}`)).name, 'Ada King')
  },
  { expected },
)

for (const [look, browser] of looks) {
  check(
    `the notice of a lost race has no violations in ${look}`,
    async ({ page, open }) => {
      await elsewhere('PUT', 'env-variables/seen', { value: 'before' })
      await open('/env-variables')
      await page.getByRole('button', { name: 'Change seen' }).click()
      await type(page, 'Value', 'mine')
      await elsewhere('PUT', 'env-variables/seen', { value: 'theirs' })
      await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click()
      await notice(page).waitFor()
      await assertAccessible(page, 'the notice')
      await page.getByRole('button', { name: 'Load what is saved now' }).click()
      await page.getByRole('button', { name: 'Put back what I typed' }).waitFor()
      await assertAccessible(page, 'what is saved now')
    },
    { browser, expected },
  )
}
