import assert from 'node:assert/strict'
import {
  announced,
  arrow,
  boxOf,
  card,
  connect,
  dragTo,
  http,
  palette,
  panel,
  threeSteps,
  webhook,
} from './builder-page.ts'
import { startRig } from './rig.ts'

const { check } = await startRig()

check('B-01 a Webhook dropped anywhere becomes the first step', async ({ page, openFlow }) => {
  await openFlow({ steps: [http('con1', 0), http('con2', 300)], arrows: [{ from: 'con1', to: 'con2' }] })
  await card(page, 'con2').waitFor()
  await dragTo(page, palette(page, 'Webhook'), 760, 640)
  await card(page, 'web1').waitFor()
  await arrow(page, 'web1-con1').waitFor({ state: 'attached' })
  const first = await boxOf(card(page, 'web1'))
  for (const ref of ['con1', 'con2']) assert.ok(first.x < (await boxOf(card(page, ref))).x)
})

check(
  'B-02 a Webhook is dragged by touch',
  async ({ page, context, openFlow }) => {
    await openFlow({ steps: [http('con1', 0)], arrows: [] })
    await card(page, 'con1').waitFor()
    const from = await boxOf(palette(page, 'Webhook'))
    const cdp = await context.newCDPSession(page)
    const touch = (type: string, x: number, y: number) =>
      cdp.send('Input.dispatchTouchEvent', {
        type: type as 'touchStart',
        touchPoints: type === 'touchEnd' ? [] : [{ x, y }],
      })
    const start = { x: from.x + 40, y: from.y + 15 }
    await touch('touchStart', start.x, start.y)
    for (let step = 1; step <= 12; step++) {
      await touch('touchMove', start.x + (640 - start.x) * (step / 12), start.y + (560 - start.y) * (step / 12))
    }
    await touch('touchEnd', 0, 0)
    await card(page, 'web1').waitFor()
    await arrow(page, 'web1-con1').waitFor({ state: 'attached' })
  },
  { browser: { hasTouch: true } },
)

check(
  'B-03 Enter in the palette adds after the selected step, opens its panel and says so',
  async ({ page, openFlow }) => {
    await openFlow({ steps: [http('con1', 0)], arrows: [] })
    await palette(page, 'Webhook').focus()
    await page.keyboard.press('Enter')
    await panel(page).waitFor()
    assert.equal(await panel(page).getAttribute('aria-label'), 'Step web1')
    await announced(page).getByText('Webhook web1 added, connected').waitFor({ state: 'attached' })
    await card(page, 'con1').focus()
    await page.keyboard.press('Enter')
    await palette(page, 'Condition').focus()
    await page.keyboard.press('Enter')
    await arrow(page, 'con1-if1').waitFor({ state: 'attached' })
    assert.match((await card(page, 'if1').getAttribute('class')) ?? '', /selected/)
  },
)

check('B-03 Enter while searching adds what was found first and can be added', async ({ page, openFlow }) => {
  await openFlow(threeSteps)
  const search = page.getByRole('textbox', { name: 'Find a step' })
  await search.press('Enter')
  await search.fill('webhook')
  await search.press('Enter')
  assert.equal(await page.getByTestId('save-state').textContent(), 'All changes saved')
  await search.fill('dela')
  await search.press('Enter')
  await card(page, 'delay1').waitFor()
})

check('B-03 quick add begins with what can be added', async ({ page, openFlow }) => {
  await openFlow(threeSteps)
  await card(page, 'web1').focus()
  await page.keyboard.press('/')
  const options = page.getByRole('option')
  await options.first().getByText('HTTP request').waitFor()
  await options.filter({ hasText: 'Scheduler' }).getByText('The flow has a trigger').waitFor()
})

check('B-04 a second webhook is refused, with the reason', async ({ page, openFlow }) => {
  await openFlow(threeSteps)
  await card(page, 'web1').waitFor()
  const item = palette(page, 'Webhook')
  assert.equal(await item.getAttribute('aria-disabled'), 'true')
  assert.match((await item.textContent()) ?? '', /Already in this flow/)
  await dragTo(page, item, 760, 640)
  await announced(page)
    .getByText(/not added: .*one trigger/)
    .waitFor({ state: 'attached' })
  assert.equal(await page.locator('.react-flow__node').count(), 3)
})

check(
  'B-05 dropping on an arrow inserts between; outside, or after Esc, nothing is added',
  async ({ page, openFlow }) => {
    await openFlow({ steps: [webhook(), http('con1', 560)], arrows: [{ from: 'web1', to: 'con1' }] })
    const [a, b] = [await boxOf(card(page, 'web1')), await boxOf(card(page, 'con1'))]
    const middle = { x: (a.x + a.width + b.x) / 2, y: a.y + a.height / 2 }
    await dragTo(page, palette(page, 'Delay'), middle.x, middle.y)
    await arrow(page, 'web1-delay1').waitFor({ state: 'attached' })
    await arrow(page, 'delay1-con1').waitFor({ state: 'attached' })
    await dragTo(page, palette(page, 'Dict'), 700, 20)
    await palette(page, 'Dict').scrollIntoViewIfNeeded()
    const from = await boxOf(palette(page, 'Dict'))
    await page.mouse.move(from.x + 20, from.y + 10)
    await page.mouse.down()
    await page.mouse.move(600, 600, { steps: 5 })
    await page.keyboard.press('Escape')
    await page.mouse.up()
    assert.equal(await page.locator('.react-flow__node').count(), 3)
  },
)

check(
  'B-06 nothing leads into the webhook, cycles are refused, deleting joins the neighbours',
  async ({ page, openFlow }) => {
    await openFlow(threeSteps)
    await card(page, 'con2').waitFor()
    assert.equal(await card(page, 'web1').locator('.react-flow__handle.target').count(), 0)
    await connect(page, 'con2', 'out', 'con1')
    await announced(page).getByText(/cycle/).waitFor({ state: 'attached' })
    assert.equal(await page.locator('.react-flow__edge').count(), 2)
    await card(page, 'con1').focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Delete')
    await arrow(page, 'web1-con2').waitFor({ state: 'attached' })
    assert.equal(await card(page, 'con1').count(), 0)
  },
)

check('B-06 a branch is connected with the mouse', async ({ page, openFlow }) => {
  await openFlow({
    steps: [
      webhook(),
      {
        ref: 'if1',
        connector: 'condition',
        action: 'compare',
        position: { x: 300, y: 0 },
        input: { value_a: '1', comparison: 'equal', value_b: '1' },
      },
      http('con1', 600),
      http('con2', 600, {}, 140),
    ],
    arrows: [
      { from: 'web1', to: 'if1' },
      { from: 'if1', to: 'con1', label: 'true' },
    ],
  })
  await card(page, 'con2').waitFor()
  await connect(page, 'if1', 'false', 'con2')
  await arrow(page, 'if1-false-con2').waitFor({ state: 'attached' })
})
