import assert from 'node:assert/strict'
import type { Locator } from 'playwright-core'
import { boxOf, card, http, panel, threeSteps, webhook } from './builder-page.ts'
import { startRig, until } from './rig.ts'

/** What of a flow the builder shows first: never smaller than can be read. */

const { check } = await startRig()

const refs = Array.from({ length: 29 }, (_, index) => `con${index + 1}`)
const thirtySteps = {
  steps: [webhook(), ...refs.map((ref, index) => http(ref, (index + 1) * 300))],
  arrows: refs.map((to, index) => ({ from: index === 0 ? 'web1' : (refs[index - 1] ?? ''), to })),
}

const zoom = `new DOMMatrix(getComputedStyle(document.querySelector('.react-flow__viewport')).transform).a`
const readable = `Math.abs(${zoom} - 0.75) < 0.001`

async function isWithin(inner: Locator, outer: Locator): Promise<boolean> {
  const [one, all] = [await boxOf(inner), await boxOf(outer)]
  return (
    one.x >= all.x &&
    one.y >= all.y &&
    one.x + one.width <= all.x + all.width &&
    one.y + one.height <= all.y + all.height
  )
}

check(
  '30 steps beside an open panel: the open one is in the middle, large enough to be read',
  async ({ page, openFlow }) => {
    await openFlow(thirtySteps, '?step=con15')
    await panel(page).waitFor()
    await until(page, readable)
    const canvas = page.locator('[data-canvas]')
    assert.ok(await isWithin(card(page, 'con15'), canvas))
    const [one, all] = [await boxOf(card(page, 'con15')), await boxOf(canvas)]
    assert.ok(Math.abs(one.x + one.width / 2 - (all.x + all.width / 2)) < 2, JSON.stringify([one, all]))
    // As much of it as the least zoom shows is one key away.
    await card(page, 'con15').focus()
    await page.keyboard.press('f')
    await until(page, `${zoom} < 0.3`)
  },
)

check('with nothing open, a wide flow begins with its first step', async ({ page, openFlow }) => {
  await openFlow(thirtySteps)
  await until(page, readable)
  const canvas = page.locator('[data-canvas]')
  assert.ok(await isWithin(card(page, 'web1'), canvas))
  assert.ok(await isWithin(card(page, 'con2'), canvas))
})

check('a small flow is shown whole, with a panel open, too', async ({ page, openFlow }) => {
  await openFlow(threeSteps, '?step=web1')
  await panel(page).waitFor()
  const canvas = page.locator('[data-canvas]')
  for (const ref of ['web1', 'con1']) assert.ok(await isWithin(card(page, ref), canvas), ref)
  await until(page, `${zoom} >= 0.75 && ${zoom} <= 1`)
})
