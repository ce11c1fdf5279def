import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { type FlowInput, flowInputSchema } from '../flow/flow.ts'
import type { JsonObject } from '../flow/json.ts'
import { openStorage, type Storage } from '../storage/open-storage.ts'

const directory = mkdtempSync(join(tmpdir(), 'hookline-transfer-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const secretKey = 'a secret key that only tests know'

/** An installation: its database and what stands in it. */
async function installation(): Promise<{ storage: Storage; accountId: string; env: Record<string, string> }> {
  const { url, beforeClose } = await testDatabase()
  const storage = await openStorage({
    settings: { dataDir: directory, databaseUrl: url, databasePool: 2, secretKey },
    now: () => new Date(),
    log: { info: () => undefined, warn: () => undefined },
  })
  beforeClose(storage.close)
  const { id: accountId } = await storage.accounts.ensureFirst()
  const env = { HOOKLINE_DATABASE_URL: url, HOOKLINE_DATA_DIR: directory, HOOKLINE_SECRET_KEY: secretKey }
  return { storage, accountId, env }
}

async function hookline(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), ...args], {
    env: { PATH: process.env.PATH, ...env },
  })
  child.stdin.end()
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { out, err, code }
}

function file(name: string, document: unknown): string {
  const path = join(directory, name)
  writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document))
  return path
}

const webhook = { ref: 'web1', connector: 'webhook', action: 'webhook' }

/** A live flow of a webhook and one more step. */
function flowOf(name: string, step: JsonObject, settings: JsonObject = {}): FlowInput {
  const { ref } = step
  return flowInputSchema.parse({
    name,
    status: 'live',
    settings,
    steps: [webhook, step],
    arrows: [{ from: 'web1', to: ref }],
  })
}

const acme = {
  name: 'acme',
  title: 'Acme',
  base_domain: 'https://api.acme.example',
  auth_config: { api_key: {} },
  actions: [{ name: 'list', title: 'List', method: 'GET', endpoint: '/things' }],
}

const source = await installation()
const { flows, connectors, envVariables, connectorAuths } = source.storage
await connectors.create(source.accountId, 'acme', acme, new Date())
await envVariables.set(source.accountId, 'REGION', 'eu', new Date())
await envVariables.set(source.accountId, 'UNUSED', [1], new Date())
const auth = await connectorAuths.create(
  source.accountId,
  { connector: 'acme', name: 'Acme', authType: 'api_key', username: null, apiEndpoint: null, tags: [] },
  { auth_token: 'very-secret-token' },
  new Date(),
)
const alarm = await flows.create(
  source.accountId,
  flowOf('Alarm', { ref: 'res1', connector: 'dict', action: 'set', input: { region: '{{ REGION }}' } }),
  null,
)
const things = await flows.create(
  source.accountId,
  flowOf('Things', { ref: 'con1', connector: 'acme', action: 'list', auth: auth.id }, { error_flow_id: alarm.id }),
  null,
)
const exported = await hookline(source.env, 'export', '--all')
const all = file('all.json', exported.out)

test('an export holds what was asked for and no secrets', async () => {
  assert.equal(exported.code, 0, exported.err)
  const document = JSON.parse(exported.out)
  assert.deepEqual(document.flows.map(({ name }: { name: string }) => name).sort(), ['Alarm', 'Things'])
  assert.deepEqual(document.connectors, [acme])
  assert.deepEqual(document.env_variables, { REGION: 'eu', UNUSED: [1] })
  assert.ok(!exported.out.includes('very-secret-token') && !exported.out.includes('token_hash'), exported.out)
  const one = await hookline(source.env, 'export', '--flow', alarm.id)
  const { flows: chosen, connectors: used, env_variables } = JSON.parse(one.out)
  assert.deepEqual([chosen.length, used, env_variables], [1, [], { REGION: 'eu' }])
  assert.equal((await hookline(source.env, 'export')).out, exported.out, 'everything, when nothing is named')
  for (const args of [
    ['--all', '--flow', alarm.id],
    ['--flow', 'nonsense'],
  ]) {
    const refused = await hookline(source.env, 'export', ...args)
    assert.deepEqual([refused.code, refused.out], [1, ''])
    assert.ok(!refused.err.includes('    at '), refused.err)
  }
})

test('what is exported is imported elsewhere: a dry run shows it, and twice changes nothing', async () => {
  const { storage, accountId, env } = await installation()
  const dry = await hookline(env, 'import', all, '--dry-run')
  assert.equal(dry.code, 0, dry.err)
  assert.match(dry.err, /nothing was changed/)
  assert.equal((await storage.flows.list(accountId, {}, { limit: 10 })).items.length, 0)
  const done = await hookline(env, 'import', all)
  assert.equal(done.code, 0, done.err)
  assert.equal(done.out, dry.out)
  assert.match(done.out, /^create {2}connector "acme"$/m)
  assert.match(done.out, /^create {2}env variable "REGION"$/m)
  // Its auth stayed where it was, so it waits.
  assert.match(
    done.out,
    /create {2}flow "Things" .*\n {10}step con1: its connector auth is not here.*\n {10}saved as a draft/,
  )
  const arrived = await storage.flows.find(accountId, things.id)
  assert.deepEqual([arrived?.status, arrived?.steps[1]?.auth], ['draft', null])
  assert.equal(arrived?.settings.error_flow_id, alarm.id)
  assert.equal((await storage.flows.find(accountId, alarm.id))?.status, 'live')
  const again = await hookline(env, 'import', all)
  assert.match(again.err, /0 created, 0 updated, 5 left as they are/)
})

test('flows that have another id here are found by name, keep their auth, and references follow', async () => {
  const { storage, accountId, env } = await installation()
  await storage.connectors.create(accountId, 'acme', acme, new Date())
  const here = await storage.flows.create(
    accountId,
    flowOf('Alarm', { ref: 'x', connector: 'dict', action: 'set' }),
    null,
  )
  const { id: authHere } = await storage.connectorAuths.create(
    accountId,
    { connector: 'acme', name: 'Here', authType: 'api_key', username: null, apiEndpoint: null, tags: [] },
    { auth_token: 'another token' },
    new Date(),
  )
  const own = {
    ...things,
    steps: things.steps.map((step) => (step.ref === 'con1' ? { ...step, auth: authHere } : step)),
  }
  const thingsHere = await storage.flows.create(
    accountId,
    { ...flowInputSchema.parse(inputOf(own)), description: 'old' },
    null,
  )
  const done = await hookline(env, 'import', all)
  assert.equal(done.code, 0, done.err)
  assert.match(done.out, /update {2}flow "Things" .*\n {10}step con1: keeps the connector auth that it has here/)
  const after = await storage.flows.find(accountId, thingsHere.id)
  assert.deepEqual([after?.version, after?.status, after?.description], [2, 'live', ''])
  assert.equal(after?.steps[1]?.auth, authHere)
  assert.equal(after?.settings.error_flow_id, here.id)
})

test('a problem is named with flow, step and field, and nothing is imported', async () => {
  const { storage, accountId, env } = await installation()
  const other = await hookline(env, 'import', file('other.json', {}))
  assert.match(other.err, /hookline: this is no export of Hookline\n {2}format: is missing$/m)
  const document = JSON.parse(exported.out)
  document.flows[0].steps[1].on_error = 'sometimes'
  document.flows[0].name = 'Broken'
  document.flows[1].settings.data_retention_days = -1
  const refused = await hookline(env, 'import', file('broken.json', document))
  assert.equal(refused.code, 1)
  assert.match(refused.err, /flow "Broken", step con1, on_error: /)
  assert.match(refused.err, /flow "\w+", settings\.data_retention_days: /)
  assert.equal((await storage.connectors.list(accountId)).length, 0)
  assert.equal((await storage.flows.list(accountId, {}, { limit: 10 })).items.length, 0)
  for (const [name, content, message] of [
    ['text.json', 'no JSON', /text\.json: /],
    ['other.json', { hookline: 'flow', format: 1 }, /hookline: this is no export/],
    ['connector.json', { ...document, flows: [], connectors: [{ ...acme, title: 5 }] }, /connector "acme", title: /],
    ['name.json', { ...document, flows: [], env_variables: { request: 1 } }, /env variable request: .*reserved/],
  ] as const) {
    const { code, err, out } = await hookline(env, 'import', file(name, content))
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, message)
    assert.ok(!err.includes('    at '), err)
  }
})

function inputOf({ name, description, status, settings, steps, arrows }: FlowInput) {
  return { name, description, status, settings, steps, arrows }
}
