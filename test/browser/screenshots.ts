import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { JsonObject } from '../../src/flow/json.ts'
import { type FlowUnderTest, startSink } from '../e2e/rig.ts'
import { startVendor } from '../oauth/vendor-server.ts'
import { startRig } from './rig.ts'
import { callingFlow, plainFlow, send, spread } from './seed.ts'

/** Takes the pictures in docs/screenshots: `node --test --test-global-setup=test/rig/global-setup.ts test/browser/screenshots.ts`. */

const rig = await startRig()
const { product } = rig
const folder = join(import.meta.dirname, '../../docs/screenshots')
mkdirSync(folder, { recursive: true })

const sink = await startSink()
const names = ['Contact sync', 'Deal alert to the sales team', 'Invoice import', 'Order confirmations (EU)']
const [contacts, deals, invoices, orders] = await Promise.all(
  names.map((name, index) =>
    product.flow(
      index === 0
        ? callingFlow(name, `${sink.url}/contacts`, { settings: { run_title: 'company {{ web1.company_id }}' } })
        : plainFlow(name, {
            ...(index === 3 && { status: 'draft' }),
            settings: { run_title: 'Order {{ web1.value }}' },
          }),
    ),
  ),
)

/** Sixty runs of the last day, a refused one at their end. */
async function seed(): Promise<string> {
  for (let count = 0; count < 60; count++) {
    const flow = [contacts, deals, contacts, invoices, orders][count % 5] as FlowUnderTest
    sink.answers =
      count % 10 === 2 ? [{ status: 422, body: '{"message":"email is not an address"}' }] : [{ body: '{"ok":true}' }]
    await send(product, flow, JSON.stringify({ company_id: 120_000 + count * 7, value: `A-${1000 + count}` }))
  }
  await spread(product, 22)
  sink.answers = [{ status: 401, body: '{"message":"The API key was revoked on 12 November."}' }]
  return send(
    product,
    contacts as FlowUnderTest,
    '{"company_id": 12345678901234567890, "customer": {"name": "Amélie Poulain", "tags": ["vip", "paris"]}, "active": true}',
  )
}

const token = await product.newToken(['automation', 'company', 'connector_auth', 'connectors', 'embed'])
const post = async (path: string, body: JsonObject) => {
  const answer = await product.api('POST', path, body, { authorization: `Bearer ${token}` })
  if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`)
  return answer.json as { id: string }
}
const shop = await post('/v1/connector-auths', {
  connector: 'http',
  name: 'HubSpot production',
  auth_type: 'api_key',
  auth_token: 'secret-1',
})
await post('/v1/connector-auths', {
  connector: 'http',
  name: 'Warehouse',
  auth_type: 'basic_auth',
  username: 'ada',
  password: 'secret-2',
})
const saved = (await product.api('GET', `/v1/flows/${contacts?.id}`)).json as { steps: JsonObject[]; version: number }
const steps = saved.steps.map((step) => (step.ref === 'con1' ? { ...step, auth: shop.id } : step))
await product.api('PUT', `/v1/flows/${contacts?.id}`, { ...saved, steps }, { 'if-match': String(saved.version) })
const failed = await seed()
for (const [note, scopes, expiration] of [
  ['CI deploy', ['automation.webhook_run'], 80],
  ['Grafana', ['automation.view', 'company.view'], 365],
  ['Nightly import', ['automation'], null],
] as const) {
  await post('/v1/personal-access-tokens', { note, scopes: [...scopes], expiration })
}
await post('/v1/env-variables', { name: 'base_url', value: 'https://api.example.com' })
await post('/v1/env-variables', { name: 'regions', value: { eu: ['de', 'fr'], us: ['ca'] } })

const pages: [name: string, path: string][] = [
  ['debugger', '/runs'],
  ['run', `/runs?run=${failed}`],
  ['run-request', `/runs?run=${failed}&step=0&tab=request`],
  ['run-http', `/runs?run=${failed}&tab=http`],
  ['flows', '/flows'],
  ['connectors', '/connectors'],
  ['connector', '/connectors/github?tab=trigger'],
  ['connector-editor', '/new-connector'],
  ['auths', '/connector-auths'],
  ['new-auth', '/connector-auths?connect=hubspot'],
  ['tokens', '/tokens'],
  ['env-variables', '/env-variables'],
  ['users', '/users'],
  ['settings', '/settings'],
  ['settings-instance', '/settings?part=instance'],
]

const vendor = await startVendor(() => ({
  status: 201,
  headers: { 'x-request-id': 'req_8f2c' },
  body: {
    id: 4711,
    subject: 'The printer is out of ink',
    priority: 'high',
    requester: { name: 'Amélie Poulain', tags: ['vip', 'paris'] },
  },
}))
await post('/v1/connectors', {
  name: 'desk',
  title: 'Desk',
  description: 'Tickets of the help desk.',
  base_domain: vendor.url,
  auth_config: { api_key: { header: 'x-api-key', format: '{{ token }}' } },
  actions: [
    {
      name: 'create_ticket',
      title: 'Create a ticket',
      description: 'Opens a ticket for a requester.',
      method: 'POST',
      endpoint: 'v2/tickets',
      docs: 'https://desk.example/docs/tickets',
      body: { ticket: { subject: '{{ subject }}', priority: '{{ priority }}', requester: '{{ requester }}' } },
      form: {
        properties: {
          subject: { type: 'string' },
          priority: { enum: ['low', 'normal', 'high'] },
          requester: { type: 'string', description: 'Email address of who asks' },
        },
        required: ['subject'],
      },
    },
  ],
})
await post('/v1/connector-auths', { connector: 'desk', name: 'Desk production', auth_type: 'api_key', auth_token: 'x' })

// The tokens that made all this are not to be in the pictures.
await product.database.query({ text: `delete from personal_access_token where note = 'test'` })

async function shoot(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('networkidle').catch(() => undefined)
  await page.waitForTimeout(350)
  await page.screenshot({ path: join(folder, `${name}.png`) })
}

rig.check(
  'pictures',
  async ({ page, open }) => {
    for (const [name, path] of pages) {
      await open(path)
      await shoot(page, name)
    }
    await open('/tokens')
    await page.getByRole('button', { name: 'New token' }).click()
    await shoot(page, 'new-token')
  },
  { expected: /./ },
)

rig.check(
  'pictures of a tested action',
  async ({ page, open }) => {
    await open('/connectors/desk?tab=test&action=create_ticket')
    const form = page.getByRole('region', { name: 'Action to test' })
    for (const [field, text] of [
      ['Subject', 'The printer is out of ink'],
      ['Requester', 'amelie@example.com'],
    ] as const) {
      await form.getByRole('textbox', { name: field }).click()
      await page.keyboard.insertText(text)
    }
    await form.getByRole('combobox', { name: 'Priority' }).click()
    await page.getByRole('option', { name: 'high' }).click()
    await form.getByRole('button', { name: 'Send' }).click()
    await page.getByText('HTTP', { exact: true }).click()
    await page.mouse.move(0, 0)
    await shoot(page, 'connector-test')
  },
  { expected: /./ },
)

rig.check(
  'pictures in the dark',
  async ({ page, open }) => {
    for (const [name, path] of pages.slice(0, 2)) {
      await open(path)
      await shoot(page, `${name}-dark`)
    }
  },
  { expected: /./, browser: { colorScheme: 'dark' } },
)

rig.check(
  'pictures on a phone',
  async ({ page, open }) => {
    for (const [name, path] of pages.slice(0, 2)) {
      await open(path)
      await shoot(page, `${name}-phone`)
    }
  },
  { expected: /./, browser: { viewport: { width: 390, height: 844 }, hasTouch: true } },
)
