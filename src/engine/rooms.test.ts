import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../clock.ts'
import { flowInputSchema } from '../flow/flow.ts'
import { RunLost } from '../flow/run.ts'
import { stepKinds } from '../steps/index.ts'
import { compileFlow, type StepKinds } from './compile-flow.ts'
import { runFlow } from './run-flow.ts'
import type { World } from './world.ts'

/** Large answers take room in memory until they are on disk. */

const kinds: StepKinds = {
  find: (connector, action) => stepKinds.find((each) => each.connector === connector && each.action === action),
  actions: (connector) => stepKinds.filter((each) => each.connector === connector).map(({ action }) => action),
}

const http = (ref: string) => ({
  ref,
  connector: 'http',
  action: 'request',
  input: { method: 'GET', url: 'http://vendor.test/' },
})

/** Runs a flow of two calls whose answers ask twice for room each; returns what happened, in order. */
async function happenings({
  durable = async () => undefined,
}: {
  durable?: () => Promise<void>
} = {}): Promise<string[]> {
  const said: string[] = []
  const world: World = {
    ...systemClock,
    // No time passes: a walk that takes long lets others have their turn, and writes what it has.
    elapsedMs: () => 0,
    waitUntil: async () => undefined,
    room: {
      async enter(bytes) {
        said.push(`enters ${bytes}`)
        return () => said.push('leaves')
      },
    },
    async call(_accountId, { makeRoom }) {
      await makeRoom?.(1)
      await makeRoom?.(2)
      said.push('answered')
      return { status: 200, headers: {}, body: new Uint8Array() }
    },
    callConnector: () => Promise.reject(new Error('no call is expected')),
    runCode: () => Promise.reject(new Error('no code is expected')),
    startFlow: () => Promise.reject(new Error('no flow is expected')),
    values: () => assert.fail('no values are expected'),
    runUrl: (id) => id,
    flowUrl: (id) => id,
  }
  const input = flowInputSchema.parse({
    name: 'test',
    steps: [http('con1'), http('con2')],
    arrows: [{ from: 'con1', to: 'con2' }],
  })
  const now = new Date()
  const ran = runFlow({
    flow: compileFlow({ ...input, id: 'f', accountId: 'a', version: 1, createdAt: now, updatedAt: now }, kinds),
    run: {
      id: '01932c07-1d5f-7d1b-8a6a-0123456789ab',
      accountId: 'a',
      trigger: 'webhook',
      input: { payload: {}, request: null, variables: null },
      variables: {},
      earlier: [],
      depth: 0,
      signal: new AbortController().signal,
      onAnswer: undefined,
    },
    world,
    recorder: {
      record: ({ ref, status }) => said.push(`${ref} ${status}`),
      async durable() {
        said.push('on disk')
        await durable()
      },
      show: () => undefined,
      isFull: false,
    },
  })
  await ran.catch((error: unknown) => said.push(String(error)))
  return said
}

test('room is left once the answer is on disk; a step waits for it once', async () => {
  const call = (ref: string) => ['on disk', 'enters 1', 'answered', `${ref} success`, 'on disk', 'leaves']
  assert.deepEqual(await happenings(), [...call('con1'), ...call('con2')])
})

test('room is left, too, when the run can not go on here', async () => {
  let times = 0
  const durable = async () => {
    times += 1
    if (times === 2) throw new RunLost(false)
  }
  const said = await happenings({ durable })
  assert.deepEqual(
    said.filter((each) => /enters|leaves|Lost/.test(each)),
    ['enters 1', 'leaves', String(new RunLost(false))],
  )
})
