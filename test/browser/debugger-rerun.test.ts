import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import { startSink } from '../e2e/rig.ts'
import { clipboard, startRig, until } from './rig.ts'
import { callingFlow, plainFlow, send, shortId } from './seed.ts'

/** Running again in the Flow Debugger, ui.md 3.5: one run, many, from a step, with another payload; what differs then. */

const { product, check } = await startRig()
const sink = await startSink()

const rows = (page: Page) => page.locator('tbody tr[data-run]')

check('D-07 run again and retry: focus stays, the new run opens, both are linked', async ({ page, open }) => {
  const flow = await product.flow(callingFlow('Again', `${sink.url}/a`))
  sink.answers = [{ status: 400 }]
  const id = await send(product, flow, '{"company_id": 5}')
  await open(`/runs?run=${id}`)
  sink.answers = [{ body: '{"ok":true}' }]
  const button = page.getByRole('button', { name: 'Run again', exact: true })
  await button.click()
  await until(page, `!location.search.includes('run=${id}')`)
  const parent = page.getByText(`re-run of ${shortId(id)}`, { exact: true })
  await parent.waitFor()
  assert.equal(await button.evaluate((element) => element === element.ownerDocument.activeElement), true)
  const again = new URL(page.url()).searchParams.get('run') ?? ''
  await product.ended(again)
  await parent.getByRole('link').click()
  await page
    .getByText('re-run as')
    .getByRole('link', { name: shortId(again) })
    .waitFor()
  await page.getByText('re-run as').locator('[data-status="success"]').waitFor()
  await page.getByRole('button', { name: 'Retry from con1' }).click()
  await until(page, `!location.search.includes('run=${id}')`)
  const retried = new URL(page.url()).searchParams.get('run') ?? ''
  assert.equal((await product.ended(retried)).status, 'success')
  await page
    .locator(`[data-run="${id}"]`)
    .getByRole('button', { name: /Actions/ })
    .click()
  await page.getByRole('menuitem', { name: 'Run again' }).waitFor()
  await page.getByRole('menuitem', { name: 'Retry from con1' }).waitFor()
})

check('D-08 run again with the version of the run, or with an edited payload', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Versions'))
  const id = await send(product, flow, '{"value": "old", "big": 12345678901234567890}')
  const current = (await product.api('GET', `/v1/flows/${flow.id}`)).json as Record<string, never>
  await product.api('PUT', `/v1/flows/${flow.id}`, { ...current, name: 'Versions 2' }, { 'if-match': '1' })
  await open(`/runs?run=${id}`)
  await page.getByText('(current v2)').waitFor()
  await page.getByRole('button', { name: 'Other ways to run again' }).click()
  await page.getByRole('menuitem', { name: 'With the version of this run (v1)' }).click()
  await until(page, `!location.search.includes('run=${id}')`)
  const original = new URL(page.url()).searchParams.get('run') ?? ''
  assert.equal((await product.ended(original)).flow_version, 1)
  await page.getByRole('button', { name: 'Other ways to run again' }).click()
  await page.getByRole('menuitem', { name: 'Edit payload first…' }).click()
  const editor = page.getByRole('textbox', { name: 'Payload' })
  await editor.getByText('12345678901234567890').waitFor()
  await editor.focus()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('{"value": "new", "big": 12345678901234567891}')
  await page.keyboard.press('Control+Enter')
  await until(page, `!location.search.includes('run=${original}')`)
  const edited = new URL(page.url()).searchParams.get('run') ?? ''
  await product.ended(edited)
  const [start] = await product.steps(edited)
  assert.deepEqual(start?.input, { value: 'new', big: 12345678901234567891n })
})

check('D-08 an edited payload outlives its dialog', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Interrupted'))
  await open(`/runs?run=${await send(product, flow, '{"value": 1}')}`)
  const edit = async () => {
    await page.getByRole('button', { name: 'Other ways to run again' }).click()
    await page.getByRole('menuitem', { name: 'Edit payload first…' }).click()
  }
  const payload = page.getByRole('dialog').getByLabel('Payload')
  await edit()
  await payload.click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText('{"value": "typed"}')
  // Beside the dialog.
  await page.mouse.click(5, 5)
  await payload.getByText('"typed"').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await edit()
  await payload.getByText('"typed"').waitFor()
})

check('D-09 the diff names what differs by path, or says that nothing does', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Diff'))
  const id = await send(product, flow, '{"value": {"kept": 1, "name": "Ada"}}')
  const rerun = async (payload?: string) => {
    const body: JsonObject = payload === undefined ? {} : { payload: { value: { kept: 1, name: payload } } }
    const { json } = await product.api('POST', `/v1/flow-runs/${id}/rerun`, body)
    const runId = (json as { flow_run_id: string }).flow_run_id
    await product.ended(runId)
    return runId
  }
  await open(`/runs?run=${await rerun('Grace')}&tab=diff`)
  const lines = page.getByRole('region', { name: 'Differences of res1' }).getByRole('listitem')
  await lines.getByText('value.name').waitFor()
  assert.match((await lines.first().textContent()) ?? '', /~[\s\S]*"Ada"[\s\S]*"Grace"/)
  await open(`/runs?run=${await rerun()}&tab=diff`)
  await page.getByText('Same outputs').waitFor()
  // A page without a run does not speak of its tab; with another tab, not of what the diff compared with.
  await open(`${page.url().slice(page.url().indexOf('/runs'))}&with=${id}`)
  await page.getByRole('tab', { name: 'Output' }).click()
  await until(page, `/tab=output/.test(location.search) && !/with=/.test(location.search)`)
  await page.getByRole('tab', { name: 'Diff' }).click()
  await until(page, `/tab=diff/.test(location.search)`)
  await page.getByRole('button', { name: 'Close run' }).click()
  await until(page, `location.search === ''`)
})

check('D-10 many runs are run again after a confirmation that names their number', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Bulk'))
  for (let count = 0; count < 7; count++) await send(product, flow, `{"value": ${count}}`)
  await open(`/runs?flow=${flow.id}`)
  await rows(page).nth(6).waitFor()
  await rows(page).first().getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Run again 1 run' }).waitFor()
  await page.getByRole('button', { name: 'Select all 7 matching this filter' }).click()
  await page.getByText('7 selected: all that match').waitFor()
  await page.getByRole('region', { name: 'Selected runs' }).getByRole('button', { name: 'Run again 7 runs' }).click()
  const dialog = page.getByRole('dialog', { name: 'Run 7 runs again' })
  await dialog.getByRole('button', { name: 'Run again 7 runs' }).click()
  await dialog.getByText('7 of 7 started').waitFor()
  await dialog.getByRole('button', { name: 'Show the new runs' }).click()
  await until(page, `document.querySelectorAll('tbody tr[data-run]').length >= 7`)
  assert.match(page.url(), /trigger=manual/)
})

check('D-10 of many runs the rest is not started when it is stopped', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Stopped bulk'))
  for (let count = 0; count < 25; count++) await send(product, flow, `{"value": ${count}}`)
  await open(`/runs?flow=${flow.id}`)
  await rows(page).nth(6).waitFor()
  await rows(page).first().getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Select all 25 matching this filter' }).click()
  await page.getByText('25 selected: all that match').waitFor()
  assert.equal(await page.getByRole('button', { name: /^Select all/ }).count(), 0)
  await page.getByRole('button', { name: 'Run again 25 runs' }).click()
  const dialog = page.getByRole('dialog', { name: 'Run 25 runs again' })
  const stopped = Promise.withResolvers<void>()
  await page.route('**/bulk-rerun', async (route) => {
    await stopped.promise
    await route.continue()
  })
  await dialog.getByRole('button', { name: 'Run again 25 runs' }).click()
  await dialog.getByRole('button', { name: 'Stop' }).click()
  stopped.resolve()
  await dialog.getByText('20 of 25 started: stopped').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).first().waitFor()
  const { json } = await product.api('GET', `/v1/flow-runs?flow_id=${flow.id}&trigger=manual&limit=100`)
  assert.equal((json as { data: [] }).data.length, 20)
})

check('D-keys the keyboard map: j, k, Enter, x, e, r, Shift R, / and y', async ({ page, open }) => {
  const flow = await product.flow(callingFlow('Keys', `${sink.url}/a`))
  const first = await send(product, flow, '{"company_id": 1}')
  sink.answers = [{ status: 400 }]
  const second = await send(product, flow, '{"company_id": 2}')
  await open(`/runs?flow=${flow.id}`)
  await page.locator(`[data-run="${second}"]`).waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  assert.equal(await page.locator(`[data-run="${first}"]`).getByRole('checkbox').isChecked(), true)
  await page.keyboard.press('k')
  await page.keyboard.press('Enter')
  await until(page, `location.search.includes('run=${second}')`)
  await page.getByRole('region', { name: 'Error of con1' }).waitFor()
  await page.getByRole('button', { name: /web1/ }).click()
  await page.keyboard.press('e')
  await page.getByRole('region', { name: 'Error of con1' }).waitFor()
  await page.keyboard.press('y')
  await page.getByTestId('announcer').getByText('copied').waitFor({ state: 'attached' })
  assert.ok((await clipboard(page)).endsWith(`/runs?run=${second}`))
  sink.answers = [{ body: '{"ok":true}' }]
  await page.keyboard.press('Shift+R')
  await until(page, `!location.search.includes('run=${second}')`)
  await page.getByText(`re-run of ${shortId(second)}`, { exact: true }).waitFor()
  const third = new URL(page.url()).searchParams.get('run') ?? ''
  await page.keyboard.press('r')
  await until(page, `!location.search.includes('run=${third}')`)
  await page.keyboard.press('/')
  await page.keyboard.type('jjj')
  assert.equal(await page.getByRole('searchbox', { name: /Search ids/ }).inputValue(), 'jjj')
})

check('D-reruns many re-runs of a run are a list of their own', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Repeated'))
  const id = await send(product, flow, '{"value": 1}')
  const other = await send(product, flow, '{"value": 2}')
  for (let count = 0; count < 4; count++) {
    const { json } = await product.api('POST', `/v1/flow-runs/${id}/rerun`, {})
    await product.ended((json as { flow_run_id: string }).flow_run_id)
  }
  await open(`/runs?run=${id}`)
  await page.getByText('re-run as').getByRole('link', { name: 'all re-runs' }).click()
  await page.getByRole('button', { name: /^Re-runs of/ }).waitFor()
  await until(page, `document.querySelectorAll('tbody tr[data-run]').length === 4`)
  await page.getByRole('button', { name: /^Re-runs of/ }).click()
  await page.locator(`[data-run="${other}"]`).waitFor()
})
