import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import { startSink } from '../e2e/rig.ts'
import { card, http, panel, webhook } from './builder-page.ts'
import { startRig } from './rig.ts'

/** Takes the builder's pictures in docs/screenshots: `node --test --test-global-setup=test/rig/global-setup.ts test/browser/builder-screenshots.ts`. */

const folder = process.env.SCREENSHOTS ?? join(import.meta.dirname, '../../docs/screenshots')

const rig = await startRig()
const sink = await startSink()
sink.answers = [{ body: '{"id":"c-5521","status":"created","owner":{"name":"Grace Hopper"}}' }]

const step = (ref: string, connector: string, action: string, x: number, y: number, more: JsonObject = {}) => ({
  ref,
  connector,
  action,
  position: { x, y },
  ...more,
})

const answer = '{"valid": {% if con1.body.id %}"{{ con1.body.id }}"{% else %}false{% endif %}}'

const contactSync: JsonObject = {
  name: 'Contact sync',
  status: 'live',
  settings: { run_title: 'company {{ web1.company_id }}' },
  steps: [
    webhook({ response: { status_code: '200', body: answer, headers: {} } }),
    step('if1', 'condition', 'compare', 300, 0, {
      title: 'Has a company?',
      input: { value_a: '{{ web1.company_id }}', comparison: 'greater', value_b: 0 },
    }),
    {
      ...http(
        'con1',
        620,
        {
          method: 'POST',
          url: `${sink.url}/contacts`,
          body: { id: '{{ web1.company_id }}', email: '{{ web1.customer.email }}' },
        },
        -70,
      ),
      title: 'Send the contact to the CRM',
    },
    step('loop1', 'loop', 'list', 940, -70, {
      title: 'Each line',
      input: { list: [{ sku: 'hook-1' }, { sku: 'hook-2' }] },
    }),
    step('res1', 'dict', 'set', 1240, -150, { title: 'Stock', input: { sku: '{{ loop1.item.sku }}' } }),
    step('res2', 'dict', 'set', 620, 90, { title: 'Nobody to send', input: { reason: 'no company' } }),
  ],
  arrows: [
    { from: 'web1', to: 'if1' },
    { from: 'if1', to: 'con1', label: 'true' },
    { from: 'if1', to: 'res2', label: 'false' },
    { from: 'con1', to: 'loop1' },
    { from: 'loop1', to: 'res1', label: 'ActionLoop' },
  ],
}

const longNames: JsonObject = {
  name: 'Synchronisation of the contacts of all subsidiaries with the central customer relationship management',
  steps: [
    { ...webhook(), title: 'When an order of one of the subsidiaries has been confirmed by its accounting department' },
    ...Array.from({ length: 199 }, (_, index) =>
      step(`res${index + 1}`, 'dict', 'set', 300 + (index % 14) * 300, Math.floor(index / 14) * 120, {
        title: index % 3 === 0 ? 'Donaudampfschifffahrtsgesellschaftskapitänsmütze' : 'Set values',
        input: {},
      }),
    ),
  ],
  arrows: Array.from({ length: 199 }, (_, index) => ({
    from: index === 0 ? 'web1' : `res${index}`,
    to: `res${index + 1}`,
  })),
}

/** Those that the documentation shows; with SCREENSHOTS set to a folder, all of them are taken, to be looked at. */
const shown = /^builder(-test|-error|-response|-200|-phone|-test-phone|-test-dark)?$/

async function shoot(page: Page, name: string): Promise<void> {
  if (process.env.SCREENSHOTS === undefined && !shown.test(name)) return
  await page.waitForLoadState('networkidle').catch(() => undefined)
  await page.waitForTimeout(400)
  await page.screenshot({ path: join(folder, `${name}.png`) })
}

const button = (page: Page, name: string) => panel(page).getByRole('button', { name, exact: true })

type Scheme = '' | '-dark' | '-phone'

const browsers = {
  '': {},
  '-dark': { colorScheme: 'dark' as const },
  '-phone': { viewport: { width: 390, height: 844 }, hasTouch: true },
}

for (const suffix of ['', '-dark', '-phone'] as const satisfies readonly Scheme[]) {
  rig.check(
    `pictures of the builder${suffix}`,
    async ({ page, openFlow }) => {
      const flow = await openFlow(contactSync)
      await flow.call({
        body: '{"company_id": 123456, "customer": {"name": "Ada Lovelace", "email": "ada@example.com"}}',
        headers: { 'content-type': 'application/json' },
      })
      await page.reload()
      await page.getByTestId('save-state').waitFor()
      await shoot(page, `builder-empty-panel${suffix}`)
      await page.keyboard.press('Control+Enter')
      await page.getByText(/ms/).first().waitFor()
      await shoot(page, `builder${suffix}`)
      const open = async (search: string) => {
        await page.goto(new URL(`/flows/${flow.id}${search}`, page.url()).href)
        await panel(page).waitFor()
      }
      await open('?step=web1')
      await shoot(page, `builder-webhook${suffix}`)
      await open('?step=web1&tab=response')
      await page.getByTestId('preview-kind').waitFor()
      await shoot(page, `builder-response${suffix}`)
      await open('?step=web1&tab=test')
      await shoot(page, `builder-requests${suffix}`)
      await open('?step=con1')
      await shoot(page, `builder-step${suffix}`)
      await button(page, 'Run to here').click()
      await panel(page).getByText('Run to con1').waitFor()
      await panel(page).getByRole('tree', { name: 'Output' }).waitFor()
      await shoot(page, `builder-test${suffix}`)
      sink.answers = [{ status: 422, body: '{"message":"email is not an address"}' }]
      await button(page, 'Test step').click()
      await panel(page).getByRole('region', { name: 'Error of con1' }).waitFor()
      await shoot(page, `builder-error${suffix}`)
      sink.answers = [{ body: '{"id":"c-5521","status":"created","owner":{"name":"Grace Hopper"}}' }]
      await button(page, 'Test with other data').click()
      await page.getByRole('textbox', { name: 'Data' }).waitFor()
      await shoot(page, `builder-edit-data${suffix}`)
      await page.keyboard.press('Escape')
      await page.goto(new URL(`/flows/${flow.id}?panel=settings`, page.url()).href)
      await page.getByRole('dialog', { name: 'Flow settings' }).waitFor()
      await shoot(page, `builder-settings${suffix}`)
      await openFlow(longNames)
      await shoot(page, `builder-200${suffix}`)
      await page.goto(`${page.url()}?step=res1&view=list`)
      await panel(page).waitFor()
      await shoot(page, `builder-200-list${suffix}`)
      await card(page, 'none').waitFor({ state: 'detached' })
    },
    { browser: browsers[suffix], expected: /./ },
  )
}
