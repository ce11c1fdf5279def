import assert from 'node:assert/strict'
import type { JsonObject } from '../../src/flow/json.ts'
import { boxOf, card, palette, panel, threeSteps, webhook } from './builder-page.ts'
import { admin, assertAccessible, clipboard, startRig, until } from './rig.ts'

const { check } = await startRig()

check('S-01 the first Tab stop skips to the content', async ({ page, open }) => {
  await open('/flows')
  await page.getByRole('heading', { name: 'Flows', exact: true }).waitFor()
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to content')
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate('document.activeElement.id'), 'main')
})

check('who leaves a page by the keyboard goes on in the next one', async ({ page, open, openFlow }) => {
  await openFlow(threeSteps)
  await open('/flows')
  await page.getByRole('heading', { name: 'Flows', exact: true }).waitFor()
  await page.getByRole('button', { name: 'New flow' }).first().press('Enter')
  await page.waitForURL(/\/flows\/./)
  await until(page, `document.getElementById('main').contains(document.activeElement)`)
})

check(
  'S-02 the colour scheme follows the system, can be chosen, and is there at the first paint',
  async ({ page, open }) => {
    const scheme = () => page.evaluate<string>(`document.documentElement.dataset.mantineColorScheme`)
    await page.emulateMedia({ colorScheme: 'dark' })
    await open('/flows')
    await page.getByRole('heading', { name: 'Flows', exact: true }).waitFor()
    assert.equal(await scheme(), 'dark')
    await page.getByRole('button', { name: 'Appearance' }).click()
    await page.getByRole('menuitem', { name: 'Light' }).click()
    assert.equal(await scheme(), 'light')
    // No script of the page runs: what is there now was there before the first of them.
    await page.route('**/assets/*.js', (route) => route.abort())
    await page.reload({ waitUntil: 'domcontentloaded' })
    assert.equal(await scheme(), 'light')
  },
  { expected: /ERR_FAILED/ },
)

check(
  'S-03 no page scrolls sideways on a phone',
  async ({ page, open, openFlow }) => {
    const fits = async () =>
      assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'))
    await open('/flows')
    await page.getByRole('heading', { name: 'Flows', exact: true }).waitFor()
    await fits()
    await openFlow({
      ...threeSteps,
      name: 'A name so long that it would never fit on the screen of a phone '.repeat(3),
    })
    await page.getByRole('list', { name: 'Steps of this flow' }).waitFor()
    await fits()
    await page
      .getByRole('button', { name: /Webhook web1/ })
      .first()
      .click()
    await panel(page).waitFor()
    await fits()
  },
  { browser: { viewport: { width: 390, height: 844 } } },
)

check(
  'on a phone the bar has what people on call need, and the rest under More',
  async ({ page, open }) => {
    await open('/flows')
    const bar = page.getByRole('navigation', { name: 'Main' })
    await bar.getByRole('link', { name: 'Debugger' }).waitFor()
    assert.equal(await bar.getByRole('link', { name: 'Tokens' }).count(), 0)
    assert.ok(await page.evaluate('document.querySelector("nav").scrollWidth <= innerWidth'), 'nothing is cut off')
    await bar.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Settings' }).waitFor()
    await assertAccessible(page, 'more places')
    await page.getByRole('menuitem', { name: 'Tokens' }).click()
    await page.getByRole('heading', { name: 'Personal access tokens', exact: false }).first().waitFor()
  },
  { browser: { viewport: { width: 390, height: 844 } } },
)

check(
  'S-03 on a phone every button of every row is in sight',
  async ({ page, open, url }) => {
    const long = 'A note that is as long as notes of programs in a company are, which nobody has ever shortened'
    const made = [
      [
        'personal-access-tokens',
        { note: long, scopes: ['automation.webhook_run', 'connector_auth.manage'], expiration: 80 },
      ],
      ['connector-auths', { connector: 'http', name: long, auth_type: 'api_key', auth_token: 'x', tags: [] }],
      ['env-variables', { name: 'a_name_of_an_env_variable_that_is_rather_long', value: long.repeat(4) }],
      ['users', { name: long, email: 'long@example.com', password: 'correct horse battery', role: 'member' }],
    ] as const
    for (const [path, data] of made) {
      const answer = await page.request.post(`${url}/v1/${path}`, { data })
      assert.ok(answer.ok(), await answer.text())
    }
    for (const [path, button] of [
      ['/tokens', `Revoke ${long}`],
      ['/connector-auths', `Actions for ${long}`],
      ['/env-variables', 'Delete a_name_of_an_env_variable_that_is_rather_long'],
      ['/users', `Actions for ${long}`],
    ] as const) {
      await open(path)
      const box = await boxOf(page.getByRole('button', { name: button }))
      assert.ok(box.x >= 0 && box.x + box.width <= 375, `${button}: ${JSON.stringify(box)}`)
      const card = page.getByRole('table').locator('..')
      assert.ok(await card.evaluate((element) => element.scrollWidth <= element.clientWidth), path)
    }
    await open('/tokens')
    await page.getByRole('cell', { name: 'Last used never' }).waitFor()
  },
  { browser: { viewport: { width: 375, height: 720 }, hasTouch: true } },
)

check(
  'S-04 a cut stream is marked, and the mark goes by itself',
  async ({ page, context, open }) => {
    await open('/flows')
    await page.getByText('Live', { exact: true }).first().waitFor()
    await context.setOffline(true)
    await page.getByText('Reconnecting…').waitFor({ timeout: 5_000 })
    await context.setOffline(false)
    await page.getByText('Reconnecting…').waitFor({ state: 'detached' })
  },
  { expected: /ERR_INTERNET_DISCONNECTED|Failed to load/ },
)

check('S-05 Ctrl K opens a flow by part of its name, ? lists the shortcuts', async ({ page, open, product }) => {
  const { id } = await product.flow({ ...threeSteps, status: 'draft', name: 'Invoices to ledger' })
  await open('/flows')
  await page.getByRole('heading', { name: 'Flows', exact: true }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Find a flow or command' }).fill('to ledg')
  await page.getByRole('option', { name: /Invoices to ledger/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/flows/${id}`)
  await card(page, 'web1').waitFor()
  await page.keyboard.press('?')
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  for (const words of ['Quick add', 'Command palette', 'Undo', 'Run again', 'Leave the editor']) {
    await sheet.getByText(words, { exact: true }).waitFor()
  }
})

check('S-06 the pages work under the strict policy without a message', async ({ page, open, openFlow }) => {
  const policy: string[] = []
  page.on('response', (response) => {
    if (response.request().isNavigationRequest()) policy.push(response.headers()['content-security-policy'] ?? '')
  })
  await open('/flows')
  await openFlow(threeSteps, '?step=web1&tab=response')
  await page.getByRole('textbox', { name: 'Response body' }).waitFor()
  await card(page, 'con1').focus()
  await page.keyboard.press('Enter')
  await panel(page).getByRole('textbox', { name: 'URL' }).waitFor()
  for (const each of policy) {
    assert.match(each, /script-src 'self'(;|$)/)
    assert.doesNotMatch(each, /unsafe-eval/)
  }
})

check(
  'S-07 unknown pages and flows lead back',
  async ({ page, open }) => {
    await open('/no-such-page')
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
    await open('/flows/018f4a3e-0000-7000-8000-000000000000')
    await page.getByRole('heading', { name: 'There is no such flow' }).waitFor()
    await open('/connectors/nope')
    await page.getByRole('link', { name: 'Back to the connectors' }).waitFor()
    await open('/runs?run=01900000-0000-7000-8000-000000000000')
    await page.getByRole('heading', { name: 'There is no such run' }).waitFor()
    await page.getByRole('link', { name: 'Back to the runs' }).click()
    await page.getByRole('heading', { name: 'There is no such run' }).waitFor({ state: 'detached' })
    await open('/flows/00000000-0000-4000-8000-000000000000')
    await page.getByRole('link', { name: 'Back to the flows' }).click()
    await page.waitForURL('**/flows')
  },
  { expected: /404/ },
)

check(
  'S-07 a page whose files did not arrive says so, and comes when it is reloaded',
  async ({ page, open }) => {
    await open('/flows')
    await page.getByRole('heading', { name: 'Flows', exact: true }).waitFor()
    await page.route('**/assets/UsersPage*.css', (route) => route.abort())
    await page.getByRole('link', { name: 'Users' }).click()
    await page.getByText('A file of it did not arrive').waitFor()
    await page.unroute('**/assets/UsersPage*.css')
    await page.getByRole('button', { name: 'Reload page' }).click()
    await page.getByRole('heading', { name: 'Users' }).waitFor()
  },
  { expected: /ERR_FAILED|Unable to preload|crashed/ },
)

check('S-08 with reduced motion nothing is animated', async ({ page, openFlow }) => {
  await openFlow(threeSteps, '?step=web1')
  await panel(page).waitFor()
  const longest = await page.evaluate<number>(
    `Math.max(...[...document.querySelectorAll('*')].map((each) => parseFloat(getComputedStyle(each).transitionDuration)))`,
  )
  assert.equal(longest, 0)
})

check('L-01 two clicks from the flows to a copied webhook URL', async ({ page, open }) => {
  await open('/flows')
  await page.getByRole('button', { name: /Start with a webhook|New flow/ }).click()
  await page.getByTestId('webhook-url').waitFor()
  await panel(page).getByRole('button', { name: 'Copy URL', exact: true }).click()
  await panel(page).getByRole('button', { name: 'Copy URL: copied' }).waitFor()
  assert.match(await clipboard(page), /\/v1\/flow-webhook\/[0-9a-f-]{36}$/)
  await page.getByTestId('status-button').getByText('Draft').waitFor()
})

check(
  'a flow is imported beside others; why a file was refused stays to be read',
  async ({ page, open, product, url }) => {
    const flow = await product.flow({ ...threeSteps, name: 'To be carried over' })
    const exported = await page.request.get(`${url}/v1/flows/${flow.id}/export`)
    await open('/flows')
    await page.getByRole('link', { name: 'To be carried over' }).waitFor()
    const give = async (text: string) => {
      const chooser = page.waitForEvent('filechooser')
      await page.getByRole('button', { name: 'Import JSON' }).click()
      await (await chooser).setFiles({ name: 'flow.json', mimeType: 'application/json', buffer: Buffer.from(text) })
    }
    await give('{"name": "half')
    const refusal = page.getByRole('alert').filter({ hasText: 'Not imported' })
    await refusal.getByText(/line 1/).waitFor()
    await give(await exported.text())
    await page.waitForURL(/\/flows\/./)
    await page.getByLabel('Name of the flow').and(page.locator('[value="To be carried over"]')).waitFor()
    assert.ok(!page.url().includes(flow.id))
  },
  { expected: /4\d\d/ },
)

check(
  'L-02 a row says its status in words, and its menu pauses, duplicates and deletes',
  async ({ page, open, product }) => {
    const flow = await product.flow({ ...threeSteps, steps: [webhook()], arrows: [], name: 'Old import' })
    await flow.call({ body: '{}' })
    await open('/flows')
    const row = page.getByTestId(`flow-${flow.id}`)
    await row.getByText('Live', { exact: true }).waitFor()
    const menu = async (item: string) => {
      await row.getByRole('button', { name: 'Actions for Old import' }).click()
      await page.getByRole('menuitem', { name: item }).click()
    }
    await menu('Pause')
    await row.getByText('Paused', { exact: true }).waitFor()
    await menu('Duplicate')
    await page.getByRole('link', { name: 'Old import (copy)' }).waitFor()
    await menu('Delete')
    const dialog = page.getByRole('dialog', { name: 'Delete this flow?' })
    const confirm = dialog.getByRole('button', { name: 'Delete' })
    assert.ok(await confirm.isDisabled(), 'it ran in the last 7 days, so its name is asked for')
    await dialog.getByRole('textbox').fill('Old import')
    await confirm.click()
    await row.waitFor({ state: 'detached' })
  },
)

check(
  'L-02 a flow that never ran is deleted without its name; export keeps every digit',
  async ({ page, open, product }) => {
    const flow = await product.flow({ ...threeSteps, status: 'draft', name: 'Never ran' })
    await open('/flows?q=Never+ran')
    await page.getByRole('button', { name: 'Actions for Never ran' }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Export' }).click(),
    ])
    assert.equal(download.suggestedFilename(), 'never-ran.json')
    await page.getByRole('button', { name: 'Actions for Never ran' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByTestId(`flow-${flow.id}`).waitFor({ state: 'detached' })
  },
)

check('when a flow was saved does not run under its menu', async ({ page, open, product }) => {
  const { id } = await product.flow({ ...threeSteps, status: 'draft', name: 'Rested' })
  await product.database.query({
    text: `update flow set updated_at = now() - interval '10 minutes' where id = $1`,
    values: [id],
  })
  await open('/flows')
  const words = await boxOf(page.getByTestId(`flow-${id}`).getByText('10 min ago'))
  const menu = await boxOf(page.getByRole('button', { name: 'Actions for Rested' }))
  assert.ok(words.x + words.width <= menu.x, `${words.x + words.width} reaches ${menu.x}`)
})

check('L-03 the error count leads to the failed runs of this flow', async ({ page, open, product }) => {
  const steps: JsonObject[] = [
    webhook({ async: false }),
    { ref: 'con1', connector: 'http', action: 'request', input: { url: 'http://127.0.0.1:1/' } },
  ]
  const flow = await product.flow({
    name: 'Failing',
    steps,
    arrows: [{ from: 'web1', to: 'con1' }],
    settings: { automatic_retries: false },
  })
  assert.equal((await flow.call({ body: '{}' })).status, 500)
  await open('/flows?q=Failing')
  const link = page.getByTestId(`flow-${flow.id}`).getByRole('link', { name: '1 error' })
  assert.match((await link.getAttribute('href')) ?? '', new RegExp(`flow.*${flow.id}.*status=error`))
})

check('L-04 searching is in the address, and asks once a pause', async ({ page, open, product }) => {
  await product.flow({ ...threeSteps, status: 'draft', name: 'Needle' })
  await open('/flows')
  await page.getByRole('link', { name: 'Needle' }).waitFor()
  const asked: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/v1/flows?')) asked.push(request.url())
  })
  await page.getByRole('searchbox', { name: 'Search flows' }).pressSequentially('Needl', { delay: 20 })
  await until(page, `location.search.includes('q=Needl')`)
  await page.getByRole('link', { name: 'Needle' }).waitFor()
  assert.ok(asked.filter((url) => url.includes('q=')).length <= 1)
  await page.reload()
  assert.equal(await page.getByRole('searchbox', { name: 'Search flows' }).inputValue(), 'Needl')
})

check(
  'T-01 T-02 T-03 the status menu shows the URL, applies at once, can be undone, and paused is told',
  async ({ page, openFlow, product }) => {
    const flow = await openFlow({ steps: [webhook({ response: { status_code: '200', body: 'ran' } })], arrows: [] })
    const button = page.getByTestId('status-button')
    await page.getByLabel('Name of the flow').fill('Not saved')
    await button.click()
    assert.equal(await page.getByTestId('status-webhook-url').textContent(), flow.url)
    await page.getByRole('menuitem', { name: /^Paused/ }).click()
    await page.getByTestId('paused-badge').getByText('Webhook requests are not run and not stored').waitFor()
    assert.match((await flow.call({ body: '{}' })).text, /biz_logic/)
    const runs = (await product.api('GET', `/v1/flow-runs?flow_id=${flow.id}`)).json as { data: unknown[] }
    assert.equal(runs.data.length, 0)
    assert.equal(((await product.api('GET', `/v1/flows/${flow.id}`)).json as JsonObject).version, 1)
    await page.getByRole('button', { name: 'Undo', exact: true }).last().click()
    await button.getByText('Draft').waitFor()
    assert.equal((await flow.call({ body: '{}' })).text, 'ran')
  },
)

check(
  'signing in with a password, and out',
  async ({ page, open }) => {
    await open('/flows')
    await page.getByLabel('Email').fill(admin.email)
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
    await page.getByRole('textbox', { name: 'Password' }).fill(admin.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Flows', exact: true }).waitFor()
    await page.getByRole('button', { name: `Account of ${admin.name}` }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in to Hookline' }).waitFor()
  },
  { signedOut: true, expected: /401/ },
)

check('B-15 with 200 steps, dragging one draws that card alone', async ({ page, openFlow }) => {
  const steps = [
    webhook(),
    ...Array.from({ length: 199 }, (_, index) => ({
      ref: `res${index + 1}`,
      connector: 'dict',
      action: 'set',
      input: {},
      position: { x: 300 + (index % 20) * 300, y: Math.floor(index / 20) * 120 },
    })),
  ]
  await openFlow({
    steps,
    arrows: steps.slice(1).map(({ ref }, index) => ({ from: String(steps[index]?.ref), to: ref })),
  })
  await card(page, 'res21').waitFor()
  await page.evaluate(`
    window.changed = new Set();
    new MutationObserver((all) => { for (const { target } of all) { const id = target.closest?.('.react-flow__node')?.dataset.id; if (id) window.changed.add(id) } })
      .observe(document.querySelector('.react-flow__nodes'), { subtree: true, childList: true, attributes: true, characterData: true })`)
  const box = await card(page, 'res21').boundingBox()
  assert.ok(box)
  await page.mouse.move(box.x + 20, box.y + 8)
  await page.mouse.down()
  await page.mouse.move(box.x + 60, box.y + 60, { steps: 10 })
  await page.mouse.up()
  assert.deepEqual(await page.evaluate('[...window.changed]'), ['res21'])
})

check(
  'B-19 after a run each card shows how it fared, and the panel what it got and gave',
  async ({ page, openFlow }) => {
    await openFlow({
      steps: [
        webhook(),
        {
          ref: 'res1',
          connector: 'dict',
          action: 'set',
          input: { value: '{{ web1.company_id }}' },
          position: { x: 300, y: 0 },
        },
        {
          ref: 'con1',
          connector: 'http',
          action: 'request',
          input: { url: 'http://127.0.0.1:1/' },
          position: { x: 600, y: 0 },
        },
      ],
      arrows: [
        { from: 'web1', to: 'res1' },
        { from: 'res1', to: 'con1' },
      ],
      settings: { automatic_retries: false },
    })
    await card(page, 'con1').waitFor()
    await page.keyboard.press('Control+Enter')
    await card(page, 'res1').getByLabel('success').waitFor()
    await card(page, 'con1').getByLabel('error').waitFor()
    await card(page, 'res1').click()
    await page.getByRole('tab', { name: 'Last run' }).click()
    await panel(page).getByRole('tree', { name: 'Output' }).getByText('123456').waitFor()
    await palette(page, 'Delay').waitFor()
  },
)

check('a shown run is the sample: its data is what templates are written with', async ({ page, open, product }) => {
  const flow = await product.flow({ ...threeSteps, steps: [webhook()], arrows: [], name: 'Shown' })
  const reply = await flow.call({ body: '{"only_here": 7}', headers: { 'content-type': 'application/json' } })
  await flow.call({ body: '{"later": 8}', headers: { 'content-type': 'application/json' } })
  await open(`/flows/${flow.id}?run=${reply.headers.get('x-flow-run-id')}&step=web1&tab=response`)
  await page
    .getByRole('tree', { name: 'Data you can insert' })
    .getByRole('treeitem', { name: /^only_here/ })
    .waitFor()
})

check(
  'S-07 a crashed panel shows an error card and leaves the canvas usable',
  async ({ page, openFlow }) => {
    // The panel's own code can't be fetched: that is a crash like any other, of the panel alone.
    await page.route('**/assets/WebhookPanel-*.js', (route) => route.abort())
    await openFlow(threeSteps)
    await card(page, 'web1').click()
    await panel(page).getByRole('button', { name: 'Reload panel' }).waitFor()
    await page.getByRole('button', { name: 'Close panel' }).click()
    await card(page, 'con2').click()
    await panel(page).getByRole('textbox', { name: 'URL' }).waitFor()
    await panel(page).getByRole('button', { name: 'Delete step' }).click()
    await card(page, 'con2').waitFor({ state: 'detached' })
  },
  { expected: /./ },
)
