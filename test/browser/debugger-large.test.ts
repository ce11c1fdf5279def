import assert from 'node:assert/strict'
import { startRig, until } from './rig.ts'
import { plainFlow, send } from './seed.ts'

/** The debugger with much in it: large payloads, many steps, many runs; and with what strangers send. */

const { product, check } = await startRig()

const countElements = `document.querySelectorAll('*').length`

const items = Array.from({ length: 9_000 }, (_, index) => ({
  id: index,
  name: `customer number ${index}`,
  ok: true,
  text: 'x'.repeat(40),
}))
const large = JSON.stringify({ value: 1, deep: { list: items } })

check(
  'D-15 a 1 MB payload opens in less than a second, folded, and can be searched and copied',
  async ({ page, open }) => {
    assert.ok(large.length > 900_000)
    const flow = await product.flow(plainFlow('Large'))
    const id = await send(product, flow, large)
    await open(`/runs?run=${id}&step=1`)
    await page.getByRole('tab', { name: 'Output' }).waitFor()
    await page.getByRole('button', { name: /web1/ }).click()
    const load = page.getByRole('button', { name: /^Load/ })
    await page.getByRole('tab', { name: 'Input' }).click()
    await load.waitFor()
    const began = Date.now()
    await load.click()
    const tree = page.getByRole('tree', { name: 'Input' })
    await tree.getByText('deep').waitFor()
    assert.ok(Date.now() - began < 1_000, `opened in ${Date.now() - began} ms`)
    assert.equal(await tree.getByText('customer number 0', { exact: false }).count(), 0, 'folded below level 2')
    await tree.getByText('deep').click()
    await tree.getByText('list').click()
    await tree.getByText('8999', { exact: false }).first().waitFor({ state: 'detached' })
    const elements = await page.evaluate<number>(countElements)
    assert.ok(elements < 3_000, `${elements} elements`)
    await page.getByRole('searchbox', { name: 'Search in the input' }).fill('customer number 8765')
    await page.getByText('deep.list[8765].name').waitFor()
    await page.getByRole('button', { name: 'Copy input' }).click()
    assert.equal((await page.evaluate<string>('navigator.clipboard.readText()')).length, large.length)
  },
)

check('D-15 a payload over 256 kB loads when it is asked for', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('On request'))
  const id = await send(product, flow, large)
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await open(`/runs?run=${id}&step=0&tab=input`)
  await page.getByRole('button', { name: /^Load/ }).waitFor()
  assert.ok(!asked.some((url) => url.endsWith('/steps/0/input')))
  await page.getByRole('button', { name: /^Load/ }).click()
  await page.getByRole('tree', { name: 'Input' }).waitFor()
})

check('D-16 a run of 500 steps lists in less than a second', async ({ page, open }) => {
  const flow = await product.flow({
    name: 'Many passes',
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook', input: {} },
      { ref: 'loop1', connector: 'loop', action: 'list', input: { list: '{{ web1.numbers }}' } },
      { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ loop1.index }}' } },
    ],
    arrows: [
      { from: 'web1', to: 'loop1' },
      { from: 'loop1', to: 'res1', label: 'ActionLoop' },
    ],
  })
  const id = await send(product, flow, JSON.stringify({ numbers: Array.from({ length: 500 }, (_, index) => index) }))
  const steps = await product.steps(id)
  assert.ok(steps.length >= 500, `${steps.length} steps`)
  const times: number[] = []
  // Again when it took longer: what else the machine is doing is not what is measured.
  while (times.length < 3 && !times.some((ms) => ms < 1_000)) {
    await open(`/runs?flow=${flow.id}`)
    await page.locator(`[data-run="${id}"]`).waitFor()
    const began = Date.now()
    await page.locator(`[data-run="${id}"] a`).click()
    await page.getByRole('list', { name: 'Steps of this run' }).getByRole('button').first().waitFor()
    times.push(Date.now() - began)
  }
  assert.ok(Math.min(...times) < 1_000, `listed in ${times} ms`)
  const elements = await page.evaluate<number>(countElements)
  assert.ok(elements < 3_000, `${elements} elements`)
})

check('D-large 10,000 runs scroll with few elements, and none is missing', async ({ page, open }) => {
  const flow = await product.flow(plainFlow('Busy'))
  const id = await send(product, flow, '{"value": 1}')
  await product.database.query({
    text: `insert into run select (jsonb_populate_record(r, jsonb_build_object(
             'id', (lpad(to_hex(extract(epoch from now())::bigint * 1000 - n * 7000), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
             'created_at', now() - n * interval '7 seconds', 'finished_at', now() - n * interval '7 seconds'))).*
           from run r, generate_series(1, 9999) n where r.id = $1`,
    values: [id],
  })
  await open(`/runs?flow=${flow.id}`)
  await page.locator('tbody tr[data-run]').first().waitFor()
  const box = page.locator('table').locator('xpath=..')
  for (let round = 0; round < 8; round++) {
    await box.evaluate((element) => element.scrollTo({ top: element.scrollHeight }))
    await page.waitForTimeout(150)
  }
  const elements = await page.evaluate<number>(countElements)
  assert.ok(elements < 3_000, `${elements} elements`)
  const loaded = Number(await page.evaluate<number>(`Math.round(document.querySelector('table').offsetHeight / 46)`))
  assert.ok(loaded > 500, `${loaded} rows loaded`)
})

const hostile = {
  '<img src=x onerror=alert(1)>': '<script>alert(1)</script>',
  bidi: '\u202Egnp.exe\u202C \u2066x\u2069',
  html: '"><svg onload=alert(1)><iframe src="javascript:alert(1)">',
  url: 'javascript:alert(1)',
  template: '{{ constructor.constructor("alert(1)")() }}',
  __proto__: { polluted: true },
  long: 'A'.repeat(200_000),
}

check('D-hostile what strangers send is shown as text: no dialog, no policy message', async ({ page, open }) => {
  const dialogs: string[] = []
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  const name = '<script>alert("flow")</script>\u202Exyz'
  const flow = await product.flow(plainFlow(name, { settings: { run_title: '{{ web1.html }} {{ web1.bidi }}' } }))
  const nested = `${'{"a":['.repeat(30)}1${']}'.repeat(30)}`
  const body = JSON.stringify(hostile).replace(/}$/, `,"value":"<b>bold</b>","__proto__":{"x":1},"deep":${nested}}`)
  const id = await send(product, flow, body)
  await open('/runs')
  await page
    .locator(`[data-run="${id}"]`)
    .getByText('<script>alert("flow")</script>', { exact: false })
    .first()
    .waitFor()
  await page.locator(`[data-run="${id}"] a`).click()
  await page.getByRole('button', { name: /web1/ }).click()
  const tree = page.getByRole('tree', { name: 'Input' })
  await tree.getByText('"<script>alert(1)</script>"').waitFor()
  assert.equal(await page.locator('img, iframe, script:not([src])').count(), 0)
  assert.equal(await tree.locator('b').count(), 0)
  for (const tab of ['Output', 'Logs', 'Diff', 'Input']) await page.getByRole('tab', { name: tab }).click()
  await page
    .getByRole('radiogroup', { name: /is shown/ })
    .getByText('Text')
    .click()
  await page.getByRole('textbox', { name: 'Input as text' }).waitFor()
  await page.getByRole('searchbox', { name: 'Search in the input' }).fill('alert')
  await page.getByText(/\d+ places/).waitFor()
  await until(page, `({}).polluted === undefined && window.x === undefined`)
  assert.deepEqual(dialogs, [])
})
