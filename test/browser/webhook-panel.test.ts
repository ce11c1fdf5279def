import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { JsonObject } from '../../src/flow/json.ts'
import { card, panel, webhook } from './builder-page.ts'
import { clipboard, startRig, until } from './rig.ts'

const { check } = await startRig()

const answering = (body: string, more: JsonObject = {}): JsonObject => ({
  steps: [webhook({ response: { status_code: '200', body, headers: {} }, ...more })],
  arrows: [],
})
const setup = '?step=web1&tab=setup'
const response = '?step=web1&tab=response'
const testing = '?step=web1&tab=test'

check('W-01 the URL is the API’s, and copying says so for a moment', async ({ page, openFlow }) => {
  const flow = await openFlow(answering('x'), setup)
  assert.equal(await page.getByTestId('webhook-url').textContent(), flow.url)
  await panel(page).getByRole('button', { name: 'Copy URL', exact: true }).click()
  await panel(page).getByRole('button', { name: 'Copy URL: copied' }).waitFor()
  assert.equal(await clipboard(page), flow.url)
  await panel(page).getByRole('button', { name: 'Copy URL', exact: true }).waitFor()
})

check('W-02 the token is in the page only while it is revealed', async ({ page, openFlow }) => {
  const flow = await openFlow(answering('x'), setup)
  await page.getByTestId('webhook-token').waitFor()
  assert.ok(!(await page.content()).includes(flow.token))
  const reveal = panel(page).getByRole('button', { name: 'Reveal token' })
  assert.equal(await reveal.getAttribute('aria-pressed'), 'false')
  await reveal.click()
  await page.getByTestId('webhook-token').getByText(flow.token).waitFor()
  assert.equal(await reveal.getAttribute('aria-pressed'), 'true')
  await panel(page).getByRole('button', { name: 'Close panel' }).click()
  await panel(page).waitFor({ state: 'detached' })
  await card(page, 'web1').click()
  await page.getByTestId('webhook-token').waitFor()
  assert.ok(!(await page.content()).includes(flow.token))
  await panel(page).getByRole('button', { name: 'Copy token', exact: true }).click()
  await panel(page).getByRole('button', { name: 'Copy token: copied' }).waitFor()
  assert.equal(await clipboard(page), flow.token)
})

check('W-02 a regenerated token takes the old one’s place, after a question', async ({ page, openFlow }) => {
  const flow = await openFlow(answering('x'), setup)
  await panel(page).getByRole('button', { name: 'Regenerate token' }).click()
  const dialog = page.getByRole('dialog', { name: 'Regenerate the token?' })
  await dialog.getByText('the old token stops now').waitFor()
  await dialog.getByRole('button', { name: 'Regenerate' }).click()
  await dialog.waitFor({ state: 'detached' })
  assert.equal((await flow.call({ body: '{}' })).status, 401)
})

check(
  'W-03 the copied cURL, run in a shell, gets the configured answer; quotes are escaped',
  async ({ page, openFlow }) => {
    const flow = await openFlow(answering('{"name": {{ web1.name | tojson }}}'), '')
    await flow.call({ body: `{"name":"it's \\"quoted\\" $HOME"}`, headers: { 'content-type': 'application/json' } })
    await page.reload()
    await card(page, 'web1').click()
    await panel(page).getByRole('button', { name: 'Copy as…' }).click()
    await page.getByRole('menuitem', { name: 'cURL' }).click()
    await panel(page).getByText('Copied as cURL').waitFor()
    const command = await clipboard(page)
    assert.match(command, /it'\\''s/)
    const { stdout } = await promisify(execFile)('/bin/sh', [
      '-c',
      `${command} --silent --max-time 5 --write-out ' %{http_code}'`,
    ])
    assert.equal(stdout, `{"name": "it's \\"quoted\\" $HOME"} 200`.replace("'s", '\\u0027s'))
  },
)

check('W-04 without a token the panel, the cURL and the card say so', async ({ page, openFlow }) => {
  await openFlow(answering('x'), setup)
  await panel(page).getByRole('switch', { name: 'Require a Bearer token' }).click()
  await panel(page).getByRole('alert').getByText('Anyone who knows the URL can run this flow').waitFor()
  await card(page, 'web1').getByText('no token').waitFor()
  await panel(page).getByRole('button', { name: 'Copy as…' }).click()
  await page.getByRole('menuitem', { name: 'cURL' }).click()
  await panel(page).getByText('Copied as cURL').waitFor()
  assert.doesNotMatch(await clipboard(page), /Authorization/)
})

check('W-05 a request that is listened for appears by itself, within a second', async ({ page, openFlow }) => {
  const flow = await openFlow(answering('{"ok": true}'), testing)
  await page.getByText('Live', { exact: true }).waitFor()
  await panel(page).getByRole('button', { name: 'Listen', exact: true }).click()
  await panel(page).getByText('Waiting for the next request').waitFor()
  const sent = Date.now()
  const reply = await flow.call({ body: '{"company_id": 123456}', headers: { 'content-type': 'application/json' } })
  assert.equal(reply.text, '{"ok": true}')
  await panel(page)
    .getByRole('row', { name: /POST application\/json.*22 B/ })
    .waitFor()
  assert.ok(Date.now() - sent < 1_500, `took ${Date.now() - sent} ms`)
  await panel(page)
    .getByText(/Listening has stopped; the flow ran as always/)
    .waitFor()
  await panel(page).getByRole('button', { name: 'Listen', exact: true }).waitFor()
  await panel(page)
    .getByRole('treeitem', { name: /^company_id/ })
    .waitFor()
})

check('W-06 XML and form bodies are shown as the flow sees them, and raw', async ({ page, openFlow }) => {
  const flow = await openFlow(answering('x'), '')
  await flow.call({ body: '<order id="7"><sku>hook</sku></order>', headers: { 'content-type': 'application/xml' } })
  await page.reload()
  await card(page, 'web1').click()
  await page.getByRole('tab', { name: 'Test' }).click()
  await panel(page)
    .getByRole('treeitem', { name: /@id: *"7"/ })
    .waitFor()
  await panel(page).getByText('Raw', { exact: true }).click()
  await page.getByTestId('raw-body').getByText('<sku>hook</sku>').waitFor()
})

check('W-07 a refused request is told with its reason and kept as no sample', async ({ page, openFlow }) => {
  const flow = await openFlow(answering('x'), testing)
  await page.getByText('Live', { exact: true }).waitFor()
  await panel(page).getByRole('button', { name: 'Listen', exact: true }).click()
  await panel(page).getByText('Waiting for the next request').waitFor()
  assert.equal((await flow.call({ body: '{"secret": 1}', token: 'eyWrong' })).status, 401)
  await panel(page)
    .getByText(/A request was refused: .*Its body is not kept/)
    .waitFor()
  assert.equal(await panel(page).locator('tbody tr').count(), 0)
})

check('W-08 a row of the tree is inserted at the cursor, by click and by Enter', async ({ page, openFlow }) => {
  const flow = await openFlow(answering(''), '')
  await flow.call({
    body: '{"company_id": 1, "order-id": "A", "list": [7]}',
    headers: { 'content-type': 'application/json' },
  })
  await page.reload()
  await card(page, 'web1').click()
  await page.getByRole('tab', { name: 'Response' }).click()
  const editor = page.getByRole('textbox', { name: 'Response body' })
  await editor.click()
  await page.keyboard.insertText('{"id": ')
  const tree = page.getByRole('tree', { name: 'Data you can insert' })
  await tree.getByRole('treeitem', { name: /^company_id/ }).click()
  assert.equal(await editor.textContent(), '{"id": {{ web1.company_id }}')
  await page.keyboard.press('Control+a')
  await tree.getByRole('treeitem', { name: /^order-id/ }).focus()
  await page.keyboard.press('Enter')
  assert.equal(await editor.textContent(), "{{ web1['order-id'] }}")
  await page.keyboard.press('Control+a')
  await tree.getByRole('treeitem', { name: /^0: *7/ }).click()
  assert.equal(await editor.textContent(), '{{ web1.list[0] }}')
})

check('W-09 typing lists the payload’s keys, filters and tags', async ({ page, openFlow }) => {
  const flow = await openFlow(answering(''), '')
  await flow.call({
    body: '{"company_id": 123456, "customer": {"city": "Köln"}}',
    headers: { 'content-type': 'application/json' },
  })
  await page.reload()
  await card(page, 'web1').click()
  await page.getByRole('tab', { name: 'Response' }).click()
  await page.getByRole('textbox', { name: 'Response body' }).click()
  const options = page.locator('.cm-tooltip-autocomplete')
  await page.keyboard.type('{{ web1.')
  await options.getByText('123456').waitFor()
  await page.keyboard.type('customer.')
  await options.getByText('city').waitFor()
  await page.keyboard.type('city |')
  await options.getByText('tojson').waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Delete')
  await page.keyboard.type('{%')
  await options
    .getByText('endfor')
    .or(options.getByText('if', { exact: true }))
    .first()
    .waitFor()
})

check(
  'W-10 the preview follows within 400 ms, by the server’s engine, and errors name their place',
  async ({ page, openFlow }) => {
    await openFlow(answering(''), response)
    const editor = page.getByRole('textbox', { name: 'Response body' })
    await editor.click()
    await page.keyboard.insertText('{"n": {{ 6 * 7 }}}')
    const typed = Date.now()
    await page.getByTestId('preview').getByText('"n": 42').waitFor()
    assert.ok(Date.now() - typed < 1_000, `took ${Date.now() - typed} ms`)
    await page.getByTestId('preview-kind').getByText('JSON').waitFor()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText('hello\n{% if x %}')
    await page.getByTestId('preview-kind').getByText('Error').waitFor()
    await page
      .getByTestId('template-problems')
      .getByText(/line 2/)
      .waitFor()
    await page.locator('.cm-lintRange-error').first().waitFor({ state: 'attached' })
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText('{{ web2.x }}')
    await page.getByRole('button', { name: 'Use web1' }).first().click()
    assert.equal(await editor.textContent(), '{{ web1.x }}')
  },
)

check('W-11 what only begins like JSON is told, with the way to mend it', async ({ page, openFlow }) => {
  const flow = await openFlow(answering(''), '')
  await flow.call({ body: '{"name": "the \\"hook\\""}', headers: { 'content-type': 'application/json' } })
  await page.reload()
  await card(page, 'web1').click()
  await page.getByRole('tab', { name: 'Response' }).click()
  await page.getByRole('textbox', { name: 'Response body' }).click()
  await page.keyboard.insertText('{"name": "{{ web1.name }}"}')
  await page
    .getByTestId('template-problems')
    .getByText(/Not valid JSON: .*line 1.*column 16/)
    .waitFor()
  await page.getByRole('button', { name: 'Add | tojson' }).click()
  await page.getByTestId('preview-kind').getByText('JSON').waitFor()
  assert.equal(
    await page.getByRole('textbox', { name: 'Response body' }).textContent(),
    '{"name": {{ web1.name | tojson }}}',
  )
})

check(
  'W-12 the status code offers the common ones and refuses what is none',
  async ({ page, openFlow }) => {
    await openFlow(answering('x'), response)
    const code = page.getByRole('combobox', { name: 'HTTP status code' })
    await code.click()
    await page.getByRole('option', { name: '404 Not Found' }).click()
    assert.equal(await code.inputValue(), '404')
    await code.fill('99')
    await panel(page).getByText('Use a code from 200 to 599').waitFor()
    await page.keyboard.press('Control+s')
    await page.getByTestId('status-button').click()
    await page.getByRole('menuitem', { name: /^Live/ }).click()
    await page
      .getByRole('dialog', { name: 'Before this flow can go live' })
      .getByRole('button', { name: /200 to 599/ })
      .click()
    await until(page, `document.activeElement.getAttribute('role') === 'combobox'`)
    await page.getByTestId('status-button').getByText('Draft').waitFor()
  },
  { expected: /422/ },
)

check('W-13 an async webhook shows its fixed answer and keeps the configured one', async ({ page, openFlow }) => {
  await openFlow(answering('{"kept": true}'), setup)
  await panel(page).getByRole('switch', { name: 'Answer at once (async)' }).click()
  await page.getByRole('tab', { name: 'Response' }).click()
  await panel(page)
    .getByText(/the sender always gets/)
    .waitFor()
  assert.ok(await page.getByRole('combobox', { name: 'HTTP status code' }).isDisabled())
  assert.equal(await page.getByLabel('Response body').first().getAttribute('aria-disabled'), 'true')
  await page.getByRole('tab', { name: 'Setup' }).click()
  await panel(page).getByRole('switch', { name: 'Answer at once (async)' }).click()
  await page.getByRole('tab', { name: 'Response' }).click()
  assert.equal(await page.getByRole('textbox', { name: 'Response body' }).textContent(), '{"kept": true}')
})

check('W-14 Tab leaves the editor', async ({ page, openFlow }) => {
  await openFlow(answering('x'), response)
  await page.getByRole('textbox', { name: 'Response body' }).click()
  await page.keyboard.press('Tab')
  await until(page, `document.activeElement.getAttribute('aria-label') !== 'Response body'`)
})

check('W-15 an empty body shows what is sent', async ({ page, openFlow }) => {
  const flow = await openFlow(answering(''), response)
  await page.getByTestId('preview').getByText('An empty body sends null.').waitFor()
  assert.equal((await flow.call({ body: '{}' })).text, 'null')
})

check('methods, copies and response headers are set in the panel, and hold', async ({ page, openFlow }) => {
  const flow = await openFlow(answering('ok'), setup)
  const form = panel(page)
  await form.getByRole('checkbox', { name: 'GET', exact: true }).check()
  const key = form.getByRole('textbox', { name: 'Key', exact: true })
  await key.click()
  await page.keyboard.insertText('{{ web1.id }}')
  await page.getByRole('tab', { name: 'Response' }).click()
  await form.getByRole('button', { name: 'Add to response headers' }).click()
  await form.getByRole('textbox', { name: 'Response headers: name' }).fill('x-seen')
  await form.getByRole('textbox', { name: 'Response headers: value' }).click()
  await page.keyboard.insertText('{{ web1.id }}')
  await page.keyboard.press('Control+s')
  await page.getByTestId('save-state').getByText('All changes saved').waitFor()
  const replies = [
    await flow.call({ method: 'GET', query: '?id=7' }),
    await flow.call({ method: 'GET', query: '?id=7' }),
  ]
  assert.deepEqual(
    replies.map(({ status, headers }) => [status, headers.get('x-seen')]),
    [
      [200, '7'],
      [200, '7'],
    ],
  )
  assert.equal(replies[0]?.headers.get('x-flow-run-id'), replies[1]?.headers.get('x-flow-run-id'))
})

check('a test does not end listening: it is no request', async ({ page, openFlow }) => {
  const flow = await openFlow(answering('ok'), testing)
  await panel(page).getByRole('button', { name: 'Listen', exact: true }).click()
  await panel(page).getByText('Waiting for the next request').waitFor()
  await page.keyboard.press('Control+Enter')
  await card(page, 'web1').getByLabel('success').waitFor()
  await panel(page).getByText('Waiting for the next request').waitFor()
  await flow.call({ body: '{"heard": true}', headers: { 'content-type': 'application/json' } })
  await panel(page).getByText('A request has arrived.').waitFor()
})
