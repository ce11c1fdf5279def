import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import type { JsonObject } from '../../src/flow/json.ts'
import { startMailServer } from '../rig/mail-server.ts'
import { type Product, startProduct, webhookFlow } from './rig.ts'

const mails = await startMailServer()
const email = { HOOKLINE_SMTP_URL: mails.url, HOOKLINE_EMAIL_FROM: 'Hookline <hookline@example.com>' }

/** Fails at `res1` when it is called with `{"bad": true}`. */
function fragileFlow(name: string): JsonObject {
  const step = { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ 1 // (0 if web1.bad else 1) }}' } }
  const settings = { error_email_recipients: ['ann@example.com', 'bob@example.com'] }
  return { ...webhookFlow('{}', [step]), name, settings }
}

const bad = { body: '{"bad": true, "customer": "Grace Hopper"}' }

/** The next email about anything is due at once, as if the pause after the last one were over. */
async function passTime({ database }: Product): Promise<void> {
  await database.query({ text: 'update error_mail set due_at = now() where due_at is not null' })
}

const waiting = async ({ database }: Product) =>
  (
    await database.query<{ errors: number; failures: number; due: boolean }>({
      text: 'select errors, failures, due_at is not null as due from error_mail',
    })
  ).rows

/** Until the mail server has refused it so often, or until something else happens. */
async function failedTimes(product: Product, failures: number, orElse = () => false): Promise<void> {
  while (!orElse() && !(await waiting(product)).some((row) => row.failures >= failures));
}

test('a run that ends in an error is told to the recipients, once for many', async () => {
  const product = await startProduct(email)
  const flow = await product.flow(fragileFlow('Order import'))
  assert.equal((await flow.call({ body: '{}' })).status, 200)
  const failed = await flow.call(bad)
  assert.equal(failed.status, 500)
  await mails.until(() => mails.received.length === 1)
  const [mail] = mails.received
  assert.deepEqual(
    [mail?.from, mail?.to, mail?.subject],
    ['hookline@example.com', ['ann@example.com', 'bob@example.com'], 'Error in flow Order import'],
  )
  const runId = failed.headers.get('x-flow-run-id')
  assert.match(mail!.text, /Step: {2}res1/)
  assert.match(mail!.text, /Error: .*zero/)
  assert.ok(mail!.text.includes(`${product.url}/runs?run=${runId}`), mail!.text)
  assert.doesNotMatch(mail!.text, /Grace Hopper/)

  await Promise.all(Array.from({ length: 300 }, () => flow.call(bad)))
  assert.deepEqual(await waiting(product), [{ errors: 300, failures: 0, due: true }])
  await passTime(product)
  await mails.until(() => mails.received.length === 2)
  assert.equal(mails.received[1]?.subject, 'Error in flow Order import (and 299 more)')
  assert.equal(mails.attempts, 2)
})

test('a mail server that refuses is tried again, and what fails meanwhile is counted', async () => {
  const before = mails.received.length
  const product = await startProduct(email)
  const flow = await product.flow(fragileFlow('Billing'))
  mails.refuses = true
  const attempts = mails.attempts
  await flow.call(bad)
  await mails.until(() => mails.attempts === attempts + 1)
  await flow.call(bad)
  mails.refuses = false
  await failedTimes(product, 1)
  assert.deepEqual(await waiting(product), [{ errors: 2, failures: 1, due: true }])
  await passTime(product)
  await mails.until(() => mails.received.length === before + 1)
  assert.equal(mails.received.at(-1)?.subject, 'Error in flow Billing (and 1 more)')
})

test('an error is told although the process that met it is gone', async () => {
  const before = mails.received.length
  const cutOff = { ...email, HOOKLINE_SMTP_URL: 'smtp://127.0.0.1:1' }
  const product = await startProduct(cutOff)
  const flow = await product.flow(fragileFlow('Night run'))
  await flow.call(bad)
  await startProduct({ ...email, HOOKLINE_DATABASE_URL: product.databaseUrl })
  // The first process may still claim it, in vain, before the second one does.
  for (let failures = 1; mails.received.length === before; failures++) {
    await failedTimes(product, failures, () => mails.received.length > before)
    await passTime(product)
  }
  assert.equal(mails.received.at(-1)?.subject, 'Error in flow Night run')
})

test('recipients that are taken out are not told any more', async () => {
  const product = await startProduct({ ...email, HOOKLINE_SMTP_URL: 'smtp://127.0.0.1:1' })
  const flow = await product.flow(fragileFlow('Quiet'))
  await flow.call(bad)
  await failedTimes(product, 1)
  const saved = (await product.api('GET', `/v1/flows/${flow.id}`)).json as JsonObject
  const settings = { ...(saved.settings as JsonObject), error_email_recipients: [] }
  const put = await product.api('PUT', `/v1/flows/${flow.id}`, { ...saved, settings }, { 'if-match': '1' })
  assert.equal(put.status, 200, put.text)
  await passTime(product)
  while ((await waiting(product)).length > 0);
})

test('without a mail server recipients are refused, and the message names the settings', async () => {
  const product = await startProduct()
  const refused = await product.api('POST', '/v1/flows', fragileFlow('Deaf'))
  assert.equal(refused.status, 422)
  const { data } = refused.json as { data: { problems: { field: string; message: string }[] } }
  assert.equal(data.problems[0]?.field, 'settings.error_email_recipients')
  assert.match(data.problems[0]!.message, /HOOKLINE_SMTP_URL and HOOKLINE_EMAIL_FROM/)
})

test('what becomes of runs and emails can be watched', async () => {
  const product = await startProduct({ ...email, HOOKLINE_METRICS: '1' })
  const flow = await product.flow(fragileFlow('Watched'))
  const before = mails.received.length
  await flow.call({ body: '{}' })
  await flow.call(bad)
  await mails.until(() => mails.received.length === before + 1)
  const figures = async () => (await fetch(`${product.url}/metrics`)).text()
  while (!(await figures()).includes('hookline_error_mails_waiting 0'));
  const text = await figures()
  for (const line of [
    'hookline_runs_started_total 2',
    'hookline_runs_ended_total{status="success"} 1',
    'hookline_runs_ended_total{status="error"} 1',
    'hookline_runs_waiting 0',
    'hookline_error_mails_total{result="sent"} 1',
    'hookline_error_mails_failing 0',
    'hookline_database_available 1',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line}\n${text}`)
  }
})

test('a process that only works is watched at its own port, and answers nothing else there', async () => {
  const port = await freePort()
  await startProduct({ HOOKLINE_ROLE: 'worker', HOOKLINE_METRICS: '1', HOOKLINE_PORT: String(port) })
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
  assert.deepEqual(await Promise.all(['/metrics', '/readyz', '/v1/flows', '/'].map(status)), [200, 200, 404, 404])
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
