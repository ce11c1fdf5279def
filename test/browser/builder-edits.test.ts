import assert from 'node:assert/strict'
import type { APIRequestContext, Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import {
  announced,
  arrow,
  boxOf,
  card,
  centreOf,
  http,
  palette,
  panel,
  saveState,
  threeSteps,
  webhook,
} from './builder-page.ts'
import { admin, startRig, until } from './rig.ts'

const { check } = await startRig()

const isSaved = (page: Page) => saveState(page).getByText('All changes saved').waitFor()
const isUnsaved = (page: Page) => saveState(page).getByText('Unsaved changes').waitFor()

check('B-07 reference ids count up per kind and renaming rewrites templates', async ({ page, openFlow }) => {
  await openFlow({
    steps: [webhook(), http('con1', 300, { body: { a: '{{ web1.a }}', b: '{{ web1.b }}' } })],
    arrows: [{ from: 'web1', to: 'con1' }],
  })
  await palette(page, 'HTTP request').click()
  await card(page, 'con2').waitFor()
  await palette(page, 'Condition').click()
  await card(page, 'if1').waitFor()
  await card(page, 'web1').focus()
  await page.keyboard.press('Enter')
  const ref = panel(page).getByLabel('Reference id')
  await ref.fill('loop')
  await ref.press('Enter')
  await panel(page)
    .getByText(/"loop" is reserved/)
    .waitFor()
  await ref.fill('order-id')
  await ref.press('Enter')
  await panel(page)
    .getByText(/letters, digits/)
    .waitFor()
  await ref.fill('hook')
  await ref.press('Enter')
  await announced(page).getByText('web1 is now hook: 2 places changed').waitFor({ state: 'attached' })
  await card(page, 'con1').focus()
  await page.keyboard.press('Enter')
  await panel(page).getByRole('textbox', { name: 'Body' }).getByText('hook.a').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await card(page, 'web1').waitFor()
})

check(
  'B-08 undo and redo cover adding, deleting, connecting, moving by mouse and keys, and typing',
  async ({ page, openFlow }) => {
    await openFlow(threeSteps)
    await card(page, 'con2').waitFor()
    const undo = () => page.getByRole('button', { name: 'Undo' }).click()
    const redo = () => page.getByRole('button', { name: 'Redo' }).click()
    const before = await boxOf(card(page, 'con2'))

    const centre = await centreOf(card(page, 'con2'))
    await page.mouse.move(centre.x, centre.y)
    await page.mouse.down()
    await page.mouse.move(centre.x, centre.y + 120, { steps: 6 })
    await page.mouse.up()
    await isUnsaved(page)
    await undo()
    await isSaved(page)
    assert.ok(Math.abs((await boxOf(card(page, 'con2'))).y - before.y) < 2)

    await card(page, 'con2').focus()
    for (let press = 0; press < 3; press++) await page.keyboard.press('ArrowDown')
    await isUnsaved(page)
    await undo()
    await isSaved(page)
    await redo()
    await isUnsaved(page)
    await undo()

    await card(page, 'con2').focus()
    await page.keyboard.press('Delete')
    await card(page, 'con2').waitFor({ state: 'detached' })
    await undo()
    await card(page, 'con2').waitFor()
    await arrow(page, 'con1-con2').waitFor({ state: 'attached' })

    await card(page, 'con1').click()
    const title = panel(page).getByLabel('Name of the step')
    await title.pressSequentially('Order')
    await isUnsaved(page)
    await undo()
    assert.equal(await title.inputValue(), '', 'typing is one step')
    await isSaved(page)
  },
)

check('B-09 the save state is computed from what the server has', async ({ page, openFlow }) => {
  await openFlow(threeSteps)
  await isSaved(page)
  const name = page.getByLabel('Name of the flow')
  await name.fill('Other')
  await isUnsaved(page)
  await page.getByRole('button', { name: 'Undo' }).click()
  await isSaved(page)
  await name.fill('Another')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await isSaved(page)
})

check('B-10 Ctrl S saves from the canvas, a text field and the code editor', async ({ page, openFlow, product }) => {
  const flow = await openFlow(threeSteps, '?step=web1&tab=response')
  const version = async () => ((await product.api('GET', `/v1/flows/${flow.id}`)).json as JsonObject).version
  const name = page.getByLabel('Name of the flow')
  await name.fill('By field')
  await page.keyboard.press('Control+s')
  await isSaved(page)
  assert.equal(await version(), 2)
  const editor = page.getByRole('textbox', { name: 'Response body' })
  await editor.click()
  await page.keyboard.insertText('{"ok": true}')
  await isUnsaved(page)
  await page.keyboard.press('Control+s')
  await isSaved(page)
  assert.equal(await version(), 3)
  await card(page, 'con1').focus()
  await page.locator('.react-flow__node.selected[data-id="con1"]').waitFor()
  await page.keyboard.press('ArrowDown')
  await isUnsaved(page)
  await page.keyboard.press('Control+s')
  await isSaved(page)
  assert.equal(await version(), 4)
})

check('B-11 leaving with unsaved changes asks', async ({ page, openFlow }) => {
  await openFlow(threeSteps)
  await page.getByLabel('Name of the flow').fill('Changed')
  await page.getByRole('link', { name: 'All flows' }).click()
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' })
  await dialog.getByRole('button', { name: 'Stay', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  assert.match(page.url(), /\/flows\/[0-9a-f-]{36}/)
  let asked = false
  page.on('dialog', (question) => {
    asked = question.type() === 'beforeunload'
    void question.accept()
  })
  await page.goto('about:blank')
  assert.ok(asked, 'closing the tab asks')
})

check('B-11 unsaved work is offered after a reload, without secrets', async ({ page, openFlow }) => {
  await openFlow({
    steps: [webhook(), http('con1', 300, { headers: { Authorization: 'Bearer s3cret' } })],
    arrows: [{ from: 'web1', to: 'con1' }],
  })
  await page.getByLabel('Name of the flow').fill('Half done')
  await until(page, `Object.keys(localStorage).some((key) => localStorage.getItem(key).includes('Half done'))`)
  assert.doesNotMatch(await page.evaluate<string>('JSON.stringify(localStorage)'), /s3cret/)
  page.on('dialog', (question) => void question.accept())
  await page.reload()
  await page.getByText(/Restore unsaved changes from/).waitFor()
  await page.getByRole('button', { name: 'Restore' }).click()
  assert.equal(await page.getByLabel('Name of the flow').inputValue(), 'Half done')
  await card(page, 'con1').click()
  await panel(page).getByText('Bearer s3cret').waitFor()
})

check('B-11 what was typed in the last moment is offered after leaving, too', async ({ page, openFlow }) => {
  await openFlow(threeSteps)
  await page.getByLabel('Name of the flow').fill('Left in haste')
  await page.getByRole('link', { name: 'All flows' }).click()
  await page.getByRole('button', { name: 'Leave', exact: true }).click()
  await page.getByRole('heading', { name: 'Flows', exact: true }).waitFor()
  await page.goBack()
  await page.getByRole('button', { name: 'Restore' }).click()
  assert.equal(await page.getByLabel('Name of the flow').inputValue(), 'Left in haste')
})

check(
  'B-11 a save after the session has ended loses nothing',
  async ({ page, context, openFlow }) => {
    await openFlow(threeSteps)
    await context.clearCookies()
    await page.getByLabel('Name of the flow').fill('Typed too late')
    await page.keyboard.press('Control+s')
    await page.getByLabel('Email').fill(admin.email)
    await page.getByRole('textbox', { name: 'Password' }).fill(admin.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Restore' }).click()
    assert.equal(await page.getByLabel('Name of the flow').inputValue(), 'Typed too late')
  },
  { expected: /401/ },
)

check(
  'a long name leaves the buttons of the bar whole',
  async ({ page, openFlow }) => {
    await openFlow({ ...threeSteps, name: 'Long'.repeat(50) })
    const cut = await page
      .locator('header .mantine-Button-label')
      .evaluateAll((labels) =>
        labels.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent),
      )
    assert.deepEqual(cut, [])
  },
  { browser: { viewport: { width: 1024, height: 768 } } },
)

check(
  'B-12 a save in between is a question with names, not a loss',
  async ({ page, openFlow, product }) => {
    const flow = await openFlow(threeSteps)
    const theirs = (await product.api('GET', `/v1/flows/${flow.id}`)).json as JsonObject
    await product.api('PUT', `/v1/flows/${flow.id}`, { ...theirs, name: 'Theirs' }, { 'if-match': '1' })
    await page.getByLabel('Name of the flow').fill('Mine')
    await page.keyboard.press('Control+s')
    const dialog = page.getByRole('dialog', { name: 'This flow was saved meanwhile' })
    await dialog.getByText(/^A token of the command line saved version 2 at/).waitFor()
    await saveState(page).getByText('Not saved').waitFor()
    await dialog.getByRole('button', { name: 'See changes' }).click()
    await dialog.getByText(/Theirs/).waitFor()
    await dialog.getByRole('button', { name: 'Save mine as new version' }).click()
    await isSaved(page)
    const saved = (await product.api('GET', `/v1/flows/${flow.id}`)).json as JsonObject
    assert.deepEqual([saved.name, saved.version], ['Mine', 3])
  },
  { expected: /409/ },
)

check(
  'B-12 a save in between that was one’s own says so; another user is named; the keyboard goes back to where it was',
  async ({ page, openFlow, product, url }) => {
    const grace = { name: 'Grace Hopper', email: 'grace@example.com', password: 'correct horse battery staple' }
    const flow = await openFlow(threeSteps)
    const saved = (await product.api('GET', `/v1/flows/${flow.id}`)).json as JsonObject
    const put = (by: APIRequestContext, version: number) =>
      by.put(`${url}/v1/flows/${flow.id}`, {
        data: { ...saved, name: `Saved over ${version}` },
        headers: { 'if-match': String(version) },
      })
    await put(page.request, 1)
    await page.getByLabel('Name of the flow').fill('Mine')
    const save = page.getByRole('button', { name: 'Save', exact: true })
    await save.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'This flow was saved meanwhile' })
    await dialog.getByText(/^You, in another tab or over the API, saved version 2 at/).waitFor()
    await until(page, `document.activeElement?.closest('[role="dialog"]')`)
    await page.keyboard.press('Escape')
    await until(page, `document.activeElement?.textContent === 'Save'`)

    await page.request.post(`${url}/v1/users`, { data: { ...grace, role: 'admin' } })
    const other = await page.context().browser()?.newContext()
    if (other === undefined) throw new Error('the page has no browser')
    await other.request.post(`${url}/v1/session`, { data: { email: grace.email, password: grace.password } })
    await put(other.request, 2)
    await other.close()
    await save.press('Enter')
    await dialog.getByText(/^Grace Hopper saved version 3 at/).waitFor()
    await dialog.getByRole('button', { name: 'Save mine as new version' }).press('Enter')
    await isSaved(page)
    await until(page, `document.getElementById('main').contains(document.activeElement)`)
  },
  { expected: /409/ },
)

check(
  'B-13 a draft with problems is saved; going live is refused, and each problem leads to its field',
  async ({ page, openFlow }) => {
    await openFlow({ steps: [webhook()], arrows: [] })
    await palette(page, 'HTTP request').click()
    await card(page, 'con1').waitFor()
    await page.keyboard.press('Control+s')
    await isSaved(page)
    await page.getByTestId('status-button').click()
    await page.getByRole('menuitem', { name: /^Live/ }).click()
    const dialog = page.getByRole('dialog', { name: 'Before this flow can go live' })
    await dialog.getByRole('button', { name: /con1/ }).first().click()
    await dialog.waitFor({ state: 'detached' })
    await until(page, `document.activeElement?.getAttribute('aria-label') === 'URL'`)
    await page.getByTestId('status-button').getByText('Draft').waitFor()
  },
  { expected: /422/ },
)

check('B-14 an opened panel leaves its step in view', async ({ page, openFlow }) => {
  await openFlow({
    steps: [webhook(), http('con1', 420), http('con2', 900)],
    arrows: [
      { from: 'web1', to: 'con1' },
      { from: 'con1', to: 'con2' },
    ],
  })
  await card(page, 'con2').click()
  await panel(page).waitFor()
  const edge = (await boxOf(panel(page))).x
  await until(page, `document.querySelector('[data-testid="rf__node-con2"]').getBoundingClientRect().right < ${edge}`)
})

check('B-16 a saved flow has nothing of the screen in it', async ({ page, openFlow, product }) => {
  const flow = await openFlow(threeSteps)
  await card(page, 'con1').click()
  await card(page, 'con2').focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Control+s')
  await isSaved(page)
  const { text } = await product.api('GET', `/v1/flows/${flow.id}`)
  assert.doesNotMatch(text, /selected|dragging|measured/)
})

check('B-17 the list view has the same steps, panel, adding, moving and deleting', async ({ page, openFlow }) => {
  await openFlow(threeSteps)
  await card(page, 'web1').focus()
  await page.keyboard.press('l')
  const list = page.getByRole('list', { name: 'Steps of this flow' })
  await list.getByRole('button', { name: 'Webhook web1, first step' }).waitFor()
  const names = () =>
    page.evaluate<string[]>(`[...document.querySelectorAll('ol [data-step]')].map((each) => each.dataset.step)`)
  assert.deepEqual(await names(), ['web1', 'con1', 'con2'])
  await list.getByRole('button', { name: 'More for con2' }).click()
  await page.getByRole('menuitem', { name: 'Move up' }).click()
  assert.deepEqual(await names(), ['web1', 'con2', 'con1'])
  await list.getByRole('button', { name: 'HTTP request con2, after web1' }).click()
  await panel(page).waitFor()
  await page.keyboard.press('Escape')
  await list.getByRole('button', { name: 'More for con1' }).click()
  await page.getByRole('menuitem', { name: 'Add step after' }).click()
  await page.getByRole('combobox', { name: 'Add a step' }).fill('delay')
  await page.keyboard.press('Enter')
  await list.getByRole('button', { name: /Delay delay1, after con1/ }).waitFor()
  await list.getByRole('button', { name: 'More for con2' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  assert.deepEqual(await names(), ['web1', 'con1', 'delay1'])
})

check(
  'B-18 Tab goes from the palette over cards and arrows to the controls, Esc gives the focus back',
  async ({ page, openFlow }) => {
    await openFlow(threeSteps)
    await card(page, 'con2').waitFor()
    const focused = () =>
      page.evaluate<string>(
        `document.activeElement?.dataset.testid ?? document.activeElement?.getAttribute('aria-label') ?? ''`,
      )
    await palette(page, 'Count').focus()
    const seen: string[] = []
    for (let press = 0; press < 7; press++) {
      await page.keyboard.press('Tab')
      seen.push(await focused())
    }
    assert.deepEqual(seen, [
      'rf__node-web1',
      'rf__node-con1',
      'rf__node-con2',
      'rf__edge-web1-con1',
      'rf__edge-con1-con2',
      'Zoom in',
      'Zoom out',
    ])
    await card(page, 'con1').focus()
    await page.keyboard.press('Enter')
    await panel(page).getByLabel('Reference id').focus()
    await page.keyboard.press('Escape')
    await until(page, `document.activeElement?.dataset.testid === 'rf__node-con1'`)
    await page.keyboard.press('Alt+ArrowRight')
    await until(page, `document.activeElement?.dataset.testid === 'rf__node-con2'`)
  },
)
