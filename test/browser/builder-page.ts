import type { Locator, Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'

/** The builder as tests speak of it. */

export const palette = (page: Page, title: string) => page.getByTestId(`palette-${title}`)
export const card = (page: Page, ref: string) => page.getByTestId(`rf__node-${ref}`)
export const arrow = (page: Page, id: string) => page.getByTestId(`rf__edge-${id}`)
export const panel = (page: Page) => page.getByTestId('step-panel')
export const saveState = (page: Page) => page.getByTestId('save-state')
export const announced = (page: Page) => page.getByTestId('announcer')

/** Drags with the mouse; the last moves lie inside the target, as a hand's do. */
export async function dragTo(page: Page, from: Locator, x: number, y: number): Promise<void> {
  await from.scrollIntoViewIfNeeded()
  const box = await boxOf(from)
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await page.mouse.down()
  await page.mouse.move(x - 60, y - 20, { steps: 6 })
  await page.mouse.move(x, y, { steps: 4 })
  await page.mouse.up()
}

export async function boxOf(locator: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await locator.boundingBox()
  if (box === null) throw new Error(`${locator} is not on the page`)
  return box
}

export async function centreOf(locator: Locator): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = await boxOf(locator)
  return { x: x + width / 2, y: y + height / 2 }
}

/** Connects two cards from a handle to a card, with the mouse. */
export async function connect(page: Page, from: string, handle: string, to: string): Promise<void> {
  const start = await centreOf(card(page, from).locator(`[data-handleid="${handle}"]`))
  const end = await centreOf(card(page, to).locator('.react-flow__handle.target'))
  await page.mouse.move(start.x, start.y)
  await page.mouse.down()
  await page.mouse.move((start.x + end.x) / 2, (start.y + end.y) / 2, { steps: 5 })
  await page.mouse.move(end.x, end.y, { steps: 5 })
  await page.mouse.up()
}

export const webhook = (input: JsonObject = {}): JsonObject => ({
  ref: 'web1',
  connector: 'webhook',
  action: 'webhook',
  position: { x: 0, y: 0 },
  input,
})

export const http = (ref: string, x: number, input: JsonObject = {}, y = 0): JsonObject => ({
  ref,
  connector: 'http',
  action: 'request',
  position: { x, y },
  input: { url: 'http://127.0.0.1:9/', ...input },
})

/** web1 → con1 → con2. */
export const threeSteps: JsonObject = {
  steps: [webhook(), http('con1', 300), http('con2', 600)],
  arrows: [
    { from: 'web1', to: 'con1' },
    { from: 'con1', to: 'con2' },
  ],
}
