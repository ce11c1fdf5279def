import assert from 'node:assert/strict'
import { assertAccessible, looks, startRig, until } from './rig.ts'
import { age, plainFlow, send } from './seed.ts'

/** Settings, ui.md 3.9. */

const { product, check } = await startRig()

check(
  'G-instance the server shows its settings without secrets, and how much space it takes',
  async ({ page, open }) => {
    await open('/settings?part=instance')
    assert.equal(await page.getByTestId('public-url').textContent(), product.url)
    await page
      .getByRole('status')
      .getByText(/It leads to this server/)
      .waitFor()
    await page.getByText('It is the address this server listens on.', { exact: false }).waitFor()
    const settings = page.getByTestId('server-settings')
    await settings.getByText('HOOKLINE_MAX_BODY_BYTES', { exact: true }).waitFor()
    await settings.getByText('10485760 default').waitFor()
    await settings.getByText('set, not shown').first().waitFor()
    assert.ok(!((await page.locator('body').textContent()) ?? '').includes('a secret key for tests'))
    const space = page.getByRole('region', { name: 'Space' })
    await space
      .getByText(/^\d.* MB$/)
      .first()
      .waitFor()
    await page
      .getByRole('link', { name: 'About' })
      .or(page.getByRole('tab', { name: 'About' }))
      .first()
      .click()
    await page.getByText(/^\d+\.\d+\.\d+/).waitFor()
  },
)

check('G-02 a shorter retention says how much it frees before it is applied', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Keeps for long'))
  for (let count = 0; count < 3; count++) await send(product, flow, '{"value": "some text to be kept"}')
  await age(product, flow.id, 20)
  await open('/settings?part=instance')
  const card = page.getByRole('region', { name: 'Retention' })
  await card.getByLabel('Flow', { exact: true }).first().click()
  await page.getByRole('option', { name: 'Keeps for long' }).click()
  await card.getByRole('textbox', { name: 'Days' }).fill('7')
  const effect = page.getByTestId('retention-effect')
  await effect.getByText(/Frees about .*B: 3 runs are older than 7 days/).waitFor()
  await card.getByRole('button', { name: 'Apply' }).click()
  await effect.waitFor({ state: 'detached' })
  const saved = (await product.api('GET', `/v1/flows/${flow.id}`)).json as { settings: { data_retention_days: number } }
  assert.equal(saved.settings.data_retention_days, 7)
})

check('G-profile scheme and single keys are kept in the browser', async ({ page, open }) => {
  await open('/settings')
  await page.getByRole('radiogroup', { name: 'Colour scheme' }).getByText('Dark').click()
  await until(page, `document.documentElement.dataset.mantineColorScheme === 'dark'`)
  await page.getByRole('switch', { name: 'Single-key shortcuts' }).click()
  await page.reload()
  await until(page, `document.documentElement.dataset.mantineColorScheme === 'dark'`)
  assert.equal(await page.getByRole('switch', { name: 'Single-key shortcuts' }).isChecked(), false)
})

check('G-backup what is exported can be imported', async ({ page, open }) => {
  await product.flow(plainFlow('To be saved'))
  await open('/settings?part=backup')
  const started = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export JSON' }).click()
  const path = await (await started).path()
  await page.getByTestId('import-backup').setInputFiles(path)
  await page
    .getByRole('status')
    .getByText(/\d+ added/)
    .waitFor()
  const { json } = await product.api('GET', '/v1/flows?q=To%20be%20saved')
  assert.equal((json as { data: unknown[] }).data.length, 2)
})

for (const [look, browser] of looks) {
  check(
    `G-AX no violations in ${look}: every part`,
    async ({ page, open }) => {
      for (const part of ['profile', 'instance', 'security', 'backup', 'about']) {
        await open(`/settings?part=${part}`)
        await page.getByRole('heading', { level: 2 }).first().waitFor()
        await assertAccessible(page, part)
        assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'), part)
      }
    },
    { browser },
  )
}
