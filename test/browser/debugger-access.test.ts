import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { startSink } from '../e2e/rig.ts'
import { assertAccessible, type CheckOptions, startRig, until } from './rig.ts'
import { callingFlow, plainFlow, send } from './seed.ts'

/** The debugger for everyone: axe in its states, in light, dark and on a phone. */

const { product, check } = await startRig()
const sink = await startSink()
const flow = await product.flow(callingFlow('Contact sync', `${sink.url}/a`))
const empty = await product.flow(plainFlow('Never ran'))
const good = await send(product, flow, '{"company_id": 1, "list": [1, {"a": null}]}')
sink.answers = [{ status: 401, body: '{"message":"no"}' }]
await flow.call({ body: '{}', token: 'wrong' })
const bad = await send(product, flow, '{"company_id": 2}')

/** More runs than one stretch of a search looks at, all older than those above. */
const old = 1_200
await product.database.query({
  text: `insert into run (id, account_id, flow_id, version, status, trigger, live, created_at, finished_at)
         select (lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
           account_id, flow_id, version, status, trigger, live, at, at
         from (select run.*, n, created_at - n * interval '1 minute' as at from run, generate_series(1, $2::int) n
               where id = $1) older`,
  values: [good, old],
})

const phone: CheckOptions = { browser: { viewport: { width: 390, height: 844 }, hasTouch: true } }
const looks: [string, CheckOptions][] = [
  ['light', {}],
  ['dark', { browser: { colorScheme: 'dark' } }],
  ['phone', phone],
]

for (const [look, options] of looks) {
  check(
    `D-20 no violations in ${look}: list, menus, selection, empty, rejected requests`,
    async ({ page, open }) => {
      await open('/runs')
      await page.locator('tbody tr[data-run]').first().waitFor()
      await assertAccessible(page, 'list')
      await page
        .locator(`[data-run="${bad}"]`)
        .getByRole('button', { name: /Actions/ })
        .click()
      await page.getByRole('menuitem', { name: 'Run again' }).waitFor()
      await assertAccessible(page, 'row menu')
      await page.keyboard.press('Escape')
      await page
        .getByRole('textbox', { name: 'Trigger' })
        .or(page.getByRole('combobox', { name: 'Trigger' }))
        .first()
        .click()
      await page.getByRole('option', { name: 'Schedule' }).waitFor()
      await assertAccessible(page, 'filter open')
      await page.keyboard.press('Escape')
      await page.locator(`[data-run="${good}"]`).getByRole('checkbox').check()
      await assertAccessible(page, 'selection')
      await open(`/runs?flow=${empty.id}`)
      await page.getByText('No runs yet').waitFor()
      await assertAccessible(page, 'empty')
      await open('/runs?view=rejected')
      await page.getByRole('table', { name: /Rejected requests/ }).waitFor()
      await assertAccessible(page, 'rejected requests')
    },
    options,
  )
  check(
    `D-20 no violations in ${look}: run, tabs, menu, payload editor`,
    async ({ page, open }) => {
      await open(`/runs?run=${bad}`)
      await page.getByRole('region', { name: 'Error of con1' }).waitFor()
      await assertAccessible(page, 'failed run')
      await eachTab(page, ['Input', 'Output', 'HTTP', 'Logs', 'Diff'])
      await page.getByRole('button', { name: /web1/ }).click()
      await eachTab(page, ['Request'])
      await page.getByRole('button', { name: 'Other ways to run again' }).click()
      await page.getByRole('menuitem', { name: 'Edit payload first…' }).waitFor()
      await assertAccessible(page, 'run again menu')
      await page.getByRole('menuitem', { name: 'Edit payload first…' }).click()
      await page.getByRole('textbox', { name: 'Payload' }).waitFor()
      await assertAccessible(page, 'payload editor')
    },
    options,
  )
}

for (const [look, options] of looks) {
  check(
    `D-20 no violations in ${look}: a search that has stopped for lack of time, and goes on when it is asked to`,
    async ({ page, open }) => {
      const further = page.getByRole('button', { name: 'Search older runs' })
      const asked = page.waitForRequest((request) => /\/v1\/flow-runs\?.*q=company_id/.test(request.url()))
      // What a search reads is busy for longer than it looks for.
      const locked = Promise.withResolvers<void>()
      const busy = product.database.transaction(async (tx) => {
        await tx.query({ text: 'lock table step in access exclusive mode' })
        locked.resolve()
        await asked
        await tx.query({ text: 'select pg_sleep(1.5)' })
      })
      await locked.promise
      await open('/runs?q=company_id:2')
      await further.waitFor()
      await busy
      await page.locator(`[data-run="${bad}"]`).waitFor()
      await page
        .getByRole('status')
        .getByText(/^Searched back to/)
        .waitFor()
      await assertAccessible(page, 'search older runs')
      await further.click()
      await further.waitFor({ state: 'detached' })
    },
    options,
  )
}

async function eachTab(page: Page, tabs: readonly string[]): Promise<void> {
  for (const tab of tabs) {
    await page.getByRole('tab', { name: tab }).click()
    await page.getByRole('tabpanel').waitFor()
    await assertAccessible(page, `tab ${tab}`)
  }
}

check('D-20 the table is a table: caption, column headers, states in words', async ({ page, open }) => {
  await open('/runs')
  const table = page.getByRole('table', { name: 'Flow runs, the newest first' })
  await table.getByRole('columnheader', { name: 'Status' }).waitFor()
  assert.equal(await table.locator('th[scope="col"]').count(), 9)
  await page.locator(`[data-run="${bad}"]`).getByText('Error', { exact: true }).waitFor()
})

check(
  'D-21 on a phone the list comes first, and a run is a page of its own with a way back',
  async ({ page, open }) => {
    await open('/runs')
    await page.locator(`[data-run="${good}"] a`).click()
    await page.getByRole('region', { name: 'Run', exact: true }).waitFor()
    assert.equal(await page.getByRole('table', { name: /Flow runs/ }).isVisible(), false)
    await until(page, 'document.documentElement.scrollWidth <= innerWidth')
    await page.getByRole('button', { name: 'Back to the runs' }).click()
    await page.getByRole('table', { name: /Flow runs/ }).waitFor()
    await until(page, 'document.documentElement.scrollWidth <= innerWidth')
  },
  phone,
)
