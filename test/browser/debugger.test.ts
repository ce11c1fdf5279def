import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import { startSink } from '../e2e/rig.ts'
import { clipboard, startRig, until } from './rig.ts'
import { callingFlow, plainFlow, send, shortId } from './seed.ts'

/** The Flow Debugger's list and run, as ui.md 3.5 has them. */

const rig = await startRig()
const { product, check } = rig
const sink = await startSink()

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

check('D-04 a failed run opens at its first failed step, whose error is in view', async ({ page, open }) => {
  const flow = await product.flow(callingFlow('Fails', `${sink.url}/a`))
  sink.answers = [{ status: 422, body: '{"message":"email is wrong"}' }]
  const id = await send(product, flow, '{"company_id": 1}')
  await open('/runs')
  await page.locator(`[data-run="${id}"] a`).click()
  const error = page.getByRole('region', { name: 'Error of con1' })
  await error.waitFor()
  const box = await error.getByText(/answered 422/).boundingBox()
  assert.ok(box !== null && box.y + box.height < 860, 'the error must be in view')
  assert.equal(await page.locator('[aria-current="step"]').getAttribute('data-step'), 'con1')
})

check('D-05 the error card says type, message, likely cause and leads to the fix', async ({ page, open }) => {
  const made = await product.api('POST', '/v1/connector-auths', {
    connector: 'http',
    name: 'Old key',
    auth_type: 'api_key',
    auth_token: 'x',
    tags: [],
  })
  const flow = callingFlow('Refused', `${sink.url}/a`)
  const auth = (made.json as { id?: string } | null)?.id ?? null
  const steps = (flow.steps as { ref: string }[]).map((step) => (step.ref === 'con1' ? { ...step, auth } : step))
  const refused = await product.flow({ ...flow, steps })
  sink.answers = [{ status: 401, body: '{"message":"revoked"}' }]
  const id = await send(product, refused, '{"company_id": 1}')
  await open(`/runs?run=${id}`)
  const card = page.getByRole('region', { name: 'Error of con1' })
  await card.getByText('http_401').waitFor()
  await card.getByText(/answered 401/).waitFor()
  await card.getByText(/did not accept the credential/).waitFor()
  if (auth === null) await card.getByRole('link', { name: 'Open step' }).waitFor()
  else {
    await card.getByText(/Auth “Old key” was refused/).waitFor()
    assert.equal(
      await card.getByRole('link', { name: 'Re-connect auth' }).getAttribute('href'),
      `/connector-auths?auth=${auth}`,
    )
  }

  const broken = await product.flow({
    name: 'Broken template',
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook', input: {} },
      { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ 1 / web1.zero }}' } },
    ],
    arrows: [{ from: 'web1', to: 'res1' }],
  })
  const second = await send(product, broken, '{"zero": 0}')
  await open(`/runs?run=${second}`)
  const link = page.getByRole('region', { name: 'Error of res1' }).getByRole('link', { name: /^Open/ }).first()
  assert.match((await link.getAttribute('href')) ?? '', new RegExp(`^/flows/${broken.id}\\?run=${second}&step=res1`))
})

check(
  'D-06 each step shows input, output, error, duration and attempts; secrets are masked',
  async ({ page, open }) => {
    const flow = await product.flow(callingFlow('Steps', `${sink.url}/a`))
    sink.answers = ['reset', { body: '{"ok":true}' }]
    const id = await send(product, flow, '{"company_id": 77}')
    await open(`/runs?run=${id}`)
    await page.getByRole('button', { name: /con1.*attempt 2/ }).click()
    await page.getByRole('tab', { name: 'Input' }).click()
    await page.getByRole('tree', { name: 'Input' }).getByText(`"${sink.url}/a"`).waitFor()
    await page.getByRole('tab', { name: 'Output' }).click()
    await page.getByRole('tree', { name: 'Output' }).getByText('status_code').waitFor()
    await page.getByRole('tab', { name: 'HTTP' }).click()
    await page.getByRole('region', { name: 'Response' }).getByText('200', { exact: true }).waitFor()
    await page.getByRole('tab', { name: 'Logs' }).click()
    const attempts = page.getByRole('table', { name: 'Attempts of con1' }).getByRole('row')
    assert.equal(await attempts.count(), 3)
    const body = (await page.locator('body').textContent()) ?? ''
    assert.ok(!body.includes(flow.token), 'the token must not be on the page')
  },
)

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
})

check('D-10 many runs are run again after a confirmation that names their number', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Bulk'))
  for (let count = 0; count < 7; count++) await send(product, flow, `{"value": ${count}}`)
  await open(`/runs?flow=${flow.id}`)
  await rows(page).nth(6).waitFor()
  await rows(page).first().getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Run again 1 run' }).waitFor()
  await page.getByRole('button', { name: 'Select all matching this filter' }).click()
  await page.getByText('7 selected: all that match').waitFor()
  await page.getByRole('region', { name: 'Selected runs' }).getByRole('button', { name: 'Run again 7 runs' }).click()
  const dialog = page.getByRole('dialog', { name: 'Run again 7 runs?' })
  await dialog.getByRole('button', { name: 'Run again 7 runs' }).click()
  await dialog.getByText('7 of 7 started').waitFor()
  await dialog.getByRole('button', { name: 'Show the new runs' }).click()
  await until(page, `document.querySelectorAll('tbody tr[data-run]').length >= 7`)
  assert.match(page.url(), /trigger=manual/)
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

check('D-14 the builder opens at the failing step with the data of the run', async ({ page, open }) => {
  const flow = await product.flow(callingFlow('Mend me', `${sink.url}/a`))
  sink.answers = [{ status: 400 }]
  const id = await send(product, flow, '{"company_id": 4711}')
  await open(`/runs?run=${id}`)
  await page.getByRole('link', { name: 'Open in builder with this data' }).click()
  await page.getByTestId('save-state').waitFor()
  assert.match(page.url(), new RegExp(`/flows/${flow.id}\\?.*step=con1`))
  await page.getByTestId('step-panel').waitFor()
})

check('D-17 cancel is offered while a run is under way', async ({ page, open }) => {
  const flow = await product.flow({
    name: 'Long',
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook', input: { async: true } },
      { ref: 'del1', connector: 'delay', action: 'wait', input: { seconds: 600 } },
    ],
    arrows: [{ from: 'web1', to: 'del1' }],
  })
  const id = (await flow.call({ body: '{}' })).headers.get('x-flow-run-id') ?? ''
  await open(`/runs?run=${id}`)
  await page.getByRole('button', { name: 'Cancel run' }).click()
  await page.getByRole('region', { name: 'Run', exact: true }).getByText('Cancelled').first().waitFor()
  assert.equal(await page.getByRole('button', { name: 'Cancel run' }).count(), 0)
})

check('D-18 the request is copied as cURL, with the token only when asked for', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Copied'))
  const id = await send(product, flow, '{"value":  "it\'s"}')
  await open(`/runs?run=${id}&step=0`)
  await page.getByRole('button', { name: 'Copy as cURL' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  const masked = await clipboard(page)
  assert.ok(masked.includes(flow.url) && masked.includes('ey••••') && !masked.includes(flow.token))
  assert.ok(masked.includes(`'{"value":  "it'\\''s"}'`), 'the bytes as they came, quoted for a shell')
  await page.getByRole('button', { name: 'More ways to copy the request' }).click()
  await page.getByRole('menuitem', { name: 'With token' }).click()
  await page.getByTestId('announcer').getByText('with the token copied').waitFor({ state: 'attached' })
  assert.ok((await clipboard(page)).includes(`Bearer ${flow.token}`))
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
