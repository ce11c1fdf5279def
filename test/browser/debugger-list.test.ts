import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { startRig, until } from './rig.ts'
import { plainFlow, send } from './seed.ts'

/** The Flow Debugger’s list of runs, ui.md 3.5: filters, search, live rows, empty states. */

const { product, check } = await startRig()

const rows = (page: Page) => page.locator('tbody tr[data-run]')

check('D-01 filters, search, run and step stand in the URL; reload and Back restore them', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Kept in the URL'))
  const id = await send(product, flow, '{"value": "needle-1"}')
  await open('/runs')
  await page.getByRole('radiogroup', { name: 'Status' }).getByText('Success').click()
  await until(page, `location.search.includes('status=success')`)
  await page.getByRole('searchbox', { name: /Search ids/ }).fill('needle-1')
  await until(page, `location.search.includes('q=needle-1')`)
  await page.locator(`[data-run="${id}"] a`).click()
  await page.getByRole('button', { name: /res1/ }).click()
  await until(page, `location.search.includes('step=1')`)
  await page.reload()
  await page
    .getByRole('button', { name: /res1/, expanded: undefined })
    .and(page.locator('[aria-current="step"]'))
    .waitFor()
  assert.equal(await page.getByRole('searchbox', { name: /Search ids/ }).inputValue(), 'needle-1')
  assert.equal(await rows(page).count(), 1)
  await page.getByRole('status', { name: 'Runs that match' }).getByText('1 run', { exact: true }).waitFor()
  await page.goBack()
  await until(page, `!location.search.includes('run=')`)
  assert.equal(await page.getByRole('region', { name: 'Run', exact: true }).count(), 0)
})

check('D-02 a new run waits behind a pill; a run in the list changes in place', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Live'))
  const first = await send(product, flow, '{"value": 1}')
  await open(`/runs?flow=${flow.id}`)
  await page.locator(`[data-run="${first}"]`).waitFor()
  const second = await send(product, flow, '{"value": 2}')
  const pill = page.getByRole('button', { name: '1 new run' })
  await pill.waitFor()
  assert.equal(await rows(page).first().getAttribute('data-run'), first)
  await pill.click()
  assert.equal(await rows(page).first().getAttribute('data-run'), second)

  const waits = await product.flow({
    name: 'Waits',
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook', input: { async: true } },
      { ref: 'del1', connector: 'delay', action: 'wait', input: { seconds: 4 } },
    ],
    arrows: [{ from: 'web1', to: 'del1' }],
  })
  const id = (await waits.call({ body: '{}' })).headers.get('x-flow-run-id') ?? ''
  await open(`/runs?flow=${waits.id}`)
  const row = page.locator(`[data-run="${id}"]`)
  await row.getByText(/Waiting|Running|Queued/).waitFor()
  await row.getByText('Success').waitFor()
})

check('D-03 filters hold while runs arrive', async ({ page, open }) => {
  const [shown, other] = [await product.flow(plainFlow('Shown')), await product.flow(plainFlow('Other'))]
  const first = await send(product, shown, '{"value": 1}')
  await open(`/runs?flow=${shown.id}&status=success`)
  await page.locator(`[data-run="${first}"]`).waitFor()
  await send(product, other, '{"value": 1}')
  await send(product, shown, '{"value": 2}')
  await page.getByRole('button', { name: '1 new run' }).click()
  assert.equal(await rows(page).count(), 2)
  assert.match(page.url(), /status=success/)
})

check('D-11 search finds a value in a payload, key:value narrows, and typing asks once', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Searched'))
  const id = await send(product, flow, '{"value": "x", "company_id": 987654}')
  await send(product, flow, '{"value": 987654, "company_id": 1}')
  await open(`/runs?flow=${flow.id}`)
  await rows(page).nth(1).waitFor()
  const asked: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/v1/flow-runs?')) asked.push(request.url())
  })
  const box = page.getByRole('searchbox', { name: /Search ids/ })
  await box.pressSequentially('company_id:987654', { delay: 15 })
  await until(page, `document.querySelectorAll('tbody tr[data-run]').length === 1`)
  assert.equal(await rows(page).first().getAttribute('data-run'), id)
  assert.ok(asked.length <= 2, `one query for a text, but there were ${asked.length}`)
  await box.fill('987654')
  await until(page, `document.querySelectorAll('tbody tr[data-run]').length === 2`)
})

check('D-12 requests to a paused flow do not appear, and its page says so', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Resting'))
  await product.api('PATCH', `/v1/flows/${flow.id}/status`, { status: 'paused' })
  await flow.call({ body: '{"value": 1}' })
  await open(`/runs?flow=${flow.id}`)
  await page.getByText(/Paused since .+: requests are not stored/).waitFor()
  await page.getByRole('heading', { name: /No runs/ }).waitFor()
  assert.equal(await rows(page).count(), 0)
})

check('D-13 runs of drafts have a badge and a filter', async ({ page, open }) => {
  const draft = await product.flow(plainFlow('In the making', { status: 'draft' }))
  const live = await product.flow(plainFlow('In use'))
  const [one, other] = [await send(product, draft, '{}'), await send(product, live, '{}')]
  await open('/runs')
  await page.locator(`[data-run="${one}"]`).getByText('Draft').waitFor()
  assert.equal(await page.locator(`[data-run="${other}"]`).getByText('Draft').count(), 0)
  await open('/runs?mode=draft')
  await page.locator(`[data-run="${one}"]`).waitFor()
  assert.equal(await page.locator(`[data-run="${other}"]`).count(), 0)
})

check('D-19 an empty list says what to send; a filtered one how to see more', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Nothing yet'))
  await open(`/runs?flow=${flow.id}`)
  await page.getByText('No runs yet. Send this:').waitFor()
  await page.getByText(`'${flow.url}'`).waitFor()
  await page.getByRole('button', { name: 'Listen' }).click()
  await page.getByRole('button', { name: 'Listening…' }).waitFor()
  const id = await send(product, flow, '{"value": 1}')
  await page.locator(`[data-run="${id}"]`).waitFor()
  await open(`/runs?flow=${flow.id}&q=nowhere-to-be-found`)
  await page.getByText('No runs match').waitFor()
  await page.getByRole('button', { name: 'Clear filters' }).first().click()
  await rows(page).first().waitFor()
})

check(
  'D-rejected requests that started no run are listed with their reason and without secrets',
  async ({ page, open }) => {
    const flow = await product.flow(plainFlow('Guarded'))
    await flow.call({ body: '{}', token: 'eyWrong-token' })
    await flow.call({ body: '{"broken', headers: { 'content-type': 'application/json' } })
    await open(`/runs?flow=${flow.id}`)
    await page.getByRole('radiogroup', { name: 'What is listed' }).getByText('Rejected requests').click()
    const table = page.getByRole('table', { name: /Rejected requests/ })
    await table.getByText('Wrong or missing token').waitFor()
    await table.getByText('Body can’t be read').waitFor()
    await table.getByRole('link', { name: 'Guarded' }).first().waitFor()
    assert.ok(!((await table.textContent()) ?? '').includes('eyWrong-token'))
  },
)
