import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { createPasswords } from '../../src/access/passwords.ts'
import type { JsonObject } from '../../src/flow/json.ts'
import { createUsers } from '../../src/storage/users.ts'
import { buildIfNeeded } from '../../web/scripts/build-if-needed.mjs'
import { type FlowUnderTest, type Product, startProduct } from '../e2e/rig.ts'
import { chromiumArguments, findChromium } from './chromium.ts'

/** The real server and a real browser, once for a test file; each test has a context (cookies, storage) of its own. */
export interface Rig {
  product: Product
  url: string
  browser: Browser
  /** A test with a signed-in page; it fails on any console message or uncaught error that it does not name. */
  check(title: string, body: (scene: Scene) => Promise<void>, options?: CheckOptions): void
}

export interface Scene {
  page: Page
  context: BrowserContext
  product: Product
  url: string
  /** Opens a path of the interface. */
  open(path: string): Promise<void>
  /** Saves a flow and opens it in the builder. */
  openFlow(flow: JsonObject, search?: string): Promise<FlowUnderTest>
  test: TestContext
}

export interface CheckOptions {
  browser?: BrowserContextOptions
  signedOut?: boolean
  /** Console messages that belong to the test, as those of a request that is refused on purpose. */
  expected?: RegExp
}

/** How every screen is looked at for accessibility: a name, and the browser that shows it so. */
export const looks = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' as const }],
  ['phone', { viewport: { width: 390, height: 844 }, hasTouch: true }],
] as const

export const admin = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'correct horse battery staple' }

const timeoutMs = 12_000

/** Starts everything, with an admin who is signed in. To be called at the top of a test file. */
export async function startRig(settings: Record<string, string> = {}): Promise<Rig> {
  buildIfNeeded()
  const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumArguments })
  // Before the server's own hook: hooks run first come, first served, and an open page would hold the server up.
  after(() => browser.close())
  const product = await startProduct(settings)
  const { url } = product
  const state = await signIn(browser, product)
  const check: Rig['check'] = (title, body, options = {}) => {
    test(title, { timeout: 60_000 }, async (context) => {
      await withPage(browser, { ...options, state }, async (page) => {
        const open = async (path: string) => {
          await page.goto(url + path)
        }
        const openFlow: Scene['openFlow'] = async (flow, search = '') => {
          const made = await product.flow({ status: 'draft', ...flow })
          await open(`/flows/${made.id}${search}`)
          await page.getByTestId('save-state').waitFor()
          return made
        }
        await body({ page, context: page.context(), product, url, open, openFlow, test: context })
      })
    })
  }
  return { product, url, browser, check }
}

async function signIn(browser: Browser, product: Product) {
  const users = createUsers(product.database)
  const passwordHash = await createPasswords().hash(admin.password)
  await users.createFirst(product.accountId, { email: admin.email, name: admin.name, role: 'admin', passwordHash })
  const context = await browser.newContext({ baseURL: product.url })
  const { email, password } = admin
  const answer = await context.request.post('/v1/session', { data: { email, password } })
  if (!answer.ok()) throw new Error(`signing in was refused: ${await answer.text()}`)
  const state = await context.storageState()
  await context.close()
  return state
}

async function withPage(
  browser: Browser,
  options: CheckOptions & { state: Awaited<ReturnType<BrowserContext['storageState']>> },
  body: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 860 },
    permissions: ['clipboard-read', 'clipboard-write'],
    reducedMotion: 'reduce',
    ...(options.signedOut ? {} : { storageState: options.state }),
    ...options.browser,
  })
  context.setDefaultTimeout(timeoutMs)
  const complaints: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  try {
    await body(await context.newPage())
    const unexpected = complaints.filter((each) => !options.expected?.test(each))
    assert.deepEqual(unexpected, [], 'the browser has complained')
  } finally {
    await context.close()
  }
}

/** No violation of WCAG 2.2 A and AA in the state that the page, or a part of it, is in. */
export async function assertAccessible(page: Page, state: string, within?: string): Promise<void> {
  // Colours in the middle of a transition would be judged.
  await page.waitForTimeout(120)
  const axe = within === undefined ? new AxeBuilder({ page }) : new AxeBuilder({ page }).include(within)
  // Roles and names are the same in the dark, only colours can differ; and the whole set of rules takes seconds.
  const isDark = (await page.locator('html[data-mantine-color-scheme="dark"]').count()) > 0
  if (isDark) axe.withRules(['color-contrast'])
  else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
  const { violations } = await axe.analyze()
  const told = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 120)} ${failureSummary?.split('\n')[1]?.trim()}`).join(' | ')}`,
  )
  assert.deepEqual(told, [], `axe in the state "${state}"`)
}

export async function clipboard(page: Page): Promise<string> {
  return page.evaluate<string>('navigator.clipboard.readText()')
}

/** Waits until an expression holds in the page. Playwright's own waiting evaluates strings, which the page's policy forbids. */
export async function until(page: Page, expression: string): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await page.evaluate<boolean>(`Boolean(${expression})`))) {
    if (Date.now() > end) throw new Error(`never came true: ${expression}`)
    await page.waitForTimeout(25)
  }
}
