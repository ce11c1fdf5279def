import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { OutboundReply } from '../engine/step-kind.ts'
import { flowInputSchema } from '../flow/flow.ts'
import { connectorKinds } from '../steps/connector-action.ts'
import { stepKinds } from '../steps/index.ts'
import { openStorage } from '../storage/open-storage.ts'
import { createQueue, jobKinds } from '../storage/queue.ts'
import { createFlowCache } from '../webhook/flow-cache.ts'
import { createAccountConnectors } from './account-connectors.ts'
import { createRunCore, type RunCore } from './run-core.ts'

/** A process that is told to stop with a run under way, and the one that goes on with it. */

const { url, database, beforeClose } = await testDatabase()
const dataDir = mkdtempSync(join(tmpdir(), 'hookline-core-'))
const storage = await openStorage({
  settings: { dataDir, databaseUrl: url, databasePool: 8, secretKey: 'a secret key that only tests know' },
  now: () => new Date(),
  log: { info: () => undefined, warn: () => undefined },
})
const { id: accountId } = await storage.accounts.ensureFirst()
const log = { warn: () => undefined, error: () => undefined }
const queue = createQueue({ database: storage.forRuns.database, kinds: jobKinds, supervise: true, log })
await queue.start()
beforeClose(async () => {
  await queue.stop()
  await storage.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** A process may take half a minute to leave; here it takes a fiftieth of that. */
const hurry = 50
const quick: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / hurry, signal),
  after: (ms, call) => systemClock.after(ms / hurry, call),
}

interface VendorCall {
  key: string
  answer(): void
}

/** The core of a process, whose calls are answered by the test. */
function startCore(): { core: RunCore; nextCall(): Promise<VendorCall> } {
  let called = Promise.withResolvers<VendorCall>()
  const connectors = createAccountConnectors({
    builtIn: [],
    own: storage.connectors,
    helpers: stepKinds,
    kindsOf: connectorKinds,
    onUnreadable: () => undefined,
  })
  const core = createRunCore({
    ...storage.forRuns,
    queue,
    flows: createFlowCache({
      flows: storage.forRuns.flows,
      envVariables: storage.envVariables,
      kindsAt: connectors.kindsAt,
      triggers: {
        registrations: storage.registrations,
        findConnector: connectors.find,
        authValues: async () => [],
        publicUrl: () => 'http://hookline.test',
        now: systemClock.now,
      },
    }),
    forUsers: { database: storage.database, runs: storage.runs },
    schedules: storage.schedules,
    outside: {
      publicUrl: () => 'http://hookline.test',
      call: (_accountId, { headers }, signal) => {
        const reply = Promise.withResolvers<OutboundReply>()
        signal.addEventListener('abort', () => reply.reject(signal.reason))
        called.resolve({
          key: headers['idempotency-key'] ?? '',
          answer: () => reply.resolve({ status: 200, headers: {}, body: new Uint8Array() }),
        })
        called = Promise.withResolvers()
        return reply.promise
      },
      callConnector: () => Promise.reject(new Error('no connector is expected')),
      runCode: () => Promise.reject(new Error('no code is expected')),
      values: storage.flowValues,
    },
    works: true,
    concurrency: 4,
    chores: { prune_runs: async () => undefined },
    clock: quick,
    newId: randomUUIDv7,
    log,
    onCommit: () => undefined,
  })
  core.start()
  return { core, nextCall: () => called.promise }
}

async function savedFlow(): Promise<string> {
  const http = { method: 'POST', url: 'http://vendor.test/', body: {} }
  const flow = await storage.flows.create(
    accountId,
    flowInputSchema.parse({
      name: 'calls',
      status: 'live',
      steps: [
        { ref: 'res1', connector: 'dict', action: 'set', input: {} },
        { ref: 'con1', connector: 'http', action: 'request', input: http },
      ],
      arrows: [{ from: 'res1', to: 'con1' }],
    }),
    null,
  )
  return flow.id
}

test('a process that stops hands its runs on at once, with their attempts, and what was under way is done again', async () => {
  const flowId = await savedFlow()
  const first = startCore()
  const called = first.nextCall()
  const { runId } = await first.core.runner.startRun({ accountId, flowId, payload: {}, trigger: 'manual' })
  const { key } = await called
  await first.core.stop(undefined)
  const { rows } = await database.query<{ ids: string[]; attempt: number; limit: number; due: boolean }>({
    text: `select data -> 'ids' as ids, retry_count as attempt, retry_limit as limit, start_after <= now() as due
           from pgboss.job where name = 'run_flow'`,
  })
  assert.deepEqual(rows, [{ ids: [runId], attempt: 0, limit: jobKinds.run_flow.retries, due: true }])

  const second = startCore()
  const again = await second.nextCall()
  assert.equal(again.key, key, 'the vendor can tell that it is the same call')
  again.answer()
  await second.core.stop(undefined)
  assert.equal((await storage.runs.find(accountId, runId))?.status, 'success')
  const steps = await storage.runs.steps(accountId, runId)
  assert.deepEqual(
    steps.map(({ ref, attempt, status }) => [ref, attempt, status]),
    [
      ['res1', 1, 'success'],
      ['con1', 1, 'success'],
    ],
  )
})
