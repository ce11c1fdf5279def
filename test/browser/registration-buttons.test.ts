import assert from 'node:assert/strict'
import { after } from 'node:test'
import { connectFlow } from '../vendors/connected.ts'
import { telegramStyle } from '../vendors/styles-others.ts'
import { githubStyle } from '../vendors/styles-rest.ts'
import { announced, panel } from './builder-page.ts'
import { assertAccessible, startRig } from './rig.ts'

/** What can be asked of a webhook at a vendor, in the panel of the trigger: beside making it anew, what the vendor has a call for. */

const { check, product } = await startRig({ HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })

check('the signing secret is changed, with a grace for what was signed before', async ({ page, open }) => {
  const { vendor, flowId, live } = await connectFlow(githubStyle, product, { suffix: '_rotated' })
  after(() => vendor.close())
  await open(`/flows/${flowId}?step=con1`)
  const registration = panel(page).getByTestId('registration')
  await registration.getByText(/^Registered/).waitFor()
  const former = live()[0]!.secret
  await registration.getByRole('button', { name: 'Change signing secret' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change the signing secret?' })
  await dialog.getByRole('radio', { name: 'is accepted for another hour' }).check()
  await assertAccessible(page, 'changing the secret', '[role="dialog"]')
  await dialog.getByRole('button', { name: 'Change', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  await announced(page).getByText('The signing secret is being changed').waitFor({ state: 'attached' })
  await registration.getByText(/^Signing secret changed .*; the former one is accepted until/).waitFor()
  assert.notEqual(live()[0]!.secret, former)
  assert.equal(await vendor.deliver({ id: 'after-1', name: 'push' }), 1)
})

check(
  'a vendor that refuses another secret is heard, and it is said when it is tried again',
  async ({ page, open }) => {
    const { vendor, flowId } = await connectFlow(githubStyle, product, { suffix: '_stubborn' })
    after(() => vendor.close())
    vendor.fault = ({ path }) => (path.endsWith('/config') ? 'refuse_401' : undefined)
    await open(`/flows/${flowId}?step=con1`)
    const registration = panel(page).getByTestId('registration')
    await registration.getByRole('button', { name: 'Change signing secret' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Change', exact: true }).click()
    await registration.getByText(/^Stale: .*401/).waitFor()
    await registration.getByText(/^The signing secret is being changed\. It is tried again at/).waitFor()
  },
)

check(
  'a test delivery is asked for where the vendor has a call for it, and its refusal is told',
  async ({ page, open }) => {
    const { vendor, flowId } = await connectFlow(githubStyle, product, { suffix: '_pinged' })
    after(() => vendor.close())
    await open(`/flows/${flowId}?step=con1`)
    const registration = panel(page).getByTestId('registration')
    const ping = registration.getByRole('button', { name: 'Send test delivery' })
    await ping.click()
    await registration.getByText('The vendor was asked for a test delivery.').waitFor()
    assert.ok(vendor.calls.some(({ path }) => path.endsWith('/pings')))
    await assertAccessible(page, 'after a test delivery', '[data-testid="registration"]')
    vendor.fault = ({ path }) => (path.endsWith('/pings') ? 'broken_500' : undefined)
    await ping.click()
    await registration
      .getByRole('alert')
      .getByText(/^No test delivery: .*500/)
      .waitFor()

    const silent = await connectFlow(telegramStyle, product, { suffix: '_silent' })
    after(() => silent.vendor.close())
    await open(`/flows/${silent.flowId}?step=con1`)
    await registration.getByRole('button', { name: 'Re-create webhook' }).waitFor()
    await registration.getByRole('button', { name: 'Change signing secret' }).waitFor()
    assert.equal(await ping.count(), 0)
  },
)

check(
  'while a webhook cannot be made anew, the panel says why, when it is tried again and which one takes deliveries',
  async ({ page, open }) => {
    const { vendor, flowId } = await connectFlow(githubStyle, product, { suffix: '_barred' })
    after(() => vendor.close())
    await open(`/flows/${flowId}?step=con1`)
    const registration = panel(page).getByTestId('registration')
    await registration.getByText(/^Registered/).waitFor()
    vendor.fault = () => 'refuse_401'
    await registration.getByRole('button', { name: 'Re-create webhook' }).click()
    await registration.getByText(/^Failed: .*401/).waitFor()
    await registration.getByText(/^It is tried again at/).waitFor()
    await registration.getByText(/^Until it is registered, the former one \(id 1\) takes deliveries/).waitFor()
    await registration.getByRole('button', { name: 'Retry' }).waitFor()
    await assertAccessible(page, 'a failed registration', '[data-testid="registration"]')
  },
)

check('a webhook that the vendor does not let go of is not called a failed one', async ({ page, open }) => {
  const { vendor, flowId } = await connectFlow(githubStyle, product, { suffix: '_kept' })
  after(() => vendor.close())
  await open(`/flows/${flowId}?step=con1`)
  const registration = panel(page).getByTestId('registration')
  await registration.getByText(/^Registered/).waitFor()
  vendor.fault = ({ method }) => (method === 'DELETE' ? 'broken_500' : undefined)
  await page.getByTestId('status-button').click()
  await page.getByRole('menuitem', { name: /^Paused/ }).click()
  await registration.getByText(/^Not removed yet: .*500/).waitFor()
  await registration.getByText(/^It is tried again at/).waitFor()
  // There is nothing to make anew.
  assert.equal(await registration.getByRole('button').count(), 0)
})
