import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { startSink } from '../e2e/rig.ts'
import { clipboard, startRig } from './rig.ts'
import { callingFlow, plainFlow, send } from './seed.ts'

/** One run in the Flow Debugger, ui.md 3.5: its steps, its error, its request. */

const { product, check } = await startRig()
const sink = await startSink()

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
  const token = await product.newToken(['connector_auth'])
  const made = await product.api(
    'POST',
    '/v1/connector-auths',
    { connector: 'http', name: 'Old key', auth_type: 'api_key', auth_token: 'x', tags: [] },
    { authorization: `Bearer ${token}` },
  )
  const flow = callingFlow('Refused', `${sink.url}/a`)
  const auth = (made.json as { id: string }).id
  const steps = (flow.steps as { ref: string }[]).map((step) => (step.ref === 'con1' ? { ...step, auth } : step))
  const refused = await product.flow({ ...flow, steps })
  sink.answers = [{ status: 401, body: '{"message":"revoked"}' }]
  const id = await send(product, refused, '{"company_id": 1}')
  await open(`/runs?run=${id}`)
  const card = page.getByRole('region', { name: 'Error of con1' })
  await card.getByText('http_401').waitFor()
  await card.getByText(/answered 401/).waitFor()
  await card.getByText(/did not accept the credential/).waitFor()
  await card.getByText(/Auth “Old key” was refused/).waitFor()
  await card.getByRole('button', { name: 'Re-connect auth' }).click()
  await page.getByRole('dialog', { name: 'Change “Old key”' }).waitFor()

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

check('D-request the request of a run is shown as it arrived, its secrets masked', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Received'))
  const answer = await flow.call({
    body: '<order id="7"><total>12.50</total></order>',
    query: '?shop=eu',
    headers: { 'content-type': 'application/xml', 'x-shop-token': 'hush-hush', 'x-topic': 'orders/create' },
  })
  const id = answer.headers.get('x-flow-run-id') ?? ''
  await product.ended(id)
  await open(`/runs?run=${id}&step=0`)
  await page.getByRole('tab', { name: 'Request' }).click()
  const request = page.getByRole('region', { name: 'Request as it arrived' })
  await request.getByText('<order id="7"><total>12.50</total></order>').waitFor()
  await request.getByText('orders/create').waitFor()
  await request.getByText('shop', { exact: true }).waitFor()
  const shown = (await page.locator('body').textContent()) ?? ''
  assert.ok(!shown.includes('hush-hush') && shown.includes('x-shop-token'))
  await page.getByRole('region', { name: 'Run', exact: true }).getByText('answered 200').waitFor()
  await page.getByRole('button', { name: 'Copy as cURL' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  const curl = await clipboard(page)
  assert.ok(curl.includes(`${flow.url}?shop=eu`) && curl.includes(`Content-Type: application/xml`), curl)
})

check('D-live the steps of a run under way appear as they end', async ({ page, open }) => {
  const gate = Promise.withResolvers<void>()
  const slow = createServer((_request, response) => void gate.promise.then(() => response.end('{}')))
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
  after(() => slow.close())
  const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`
  const call = (ref: string, to: string) => ({
    ref,
    connector: 'http',
    action: 'request',
    input: { method: 'POST', url: to, headers: {}, body: {} },
  })
  sink.answers = [{ body: '{}' }]
  const flow = await product.flow({
    name: 'Watched',
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook', input: { async: true } },
      call('con1', sink.url),
      call('con2', url),
    ],
    arrows: [
      { from: 'web1', to: 'con1' },
      { from: 'con1', to: 'con2' },
    ],
  })
  await open(`/runs?flow=${flow.id}`)
  await page.getByText('No runs yet').waitFor()
  const id = (await flow.call({ body: '{}' })).headers.get('x-flow-run-id') ?? ''
  await page.locator(`[data-run="${id}"] a`).click()
  const steps = page.getByRole('list', { name: 'Steps of this run' })
  await steps.getByRole('button', { name: /con1/ }).waitFor()
  assert.equal(await steps.getByRole('button', { name: /con2/ }).count(), 0)
  gate.resolve()
  await steps.getByRole('button', { name: /con2/ }).waitFor()
  await page.getByRole('region', { name: 'Run', exact: true }).getByText('Success').first().waitFor()
})
