import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connector } from '../connectors/connector.ts'
import type { ConnectorCall } from '../engine/connector-call.ts'
import { StepError } from '../engine/step-error.ts'
import { type LoneActionParts, runAlone } from './lone-action.ts'

const connector = { name: 'acme', title: 'Acme' } as Connector
const call = { connector: 'acme' } as ConnectorCall

/** A vendor that takes the call and never answers it: what is heard of it is the end of the waiting. */
const silent = (stopping = new AbortController().signal): LoneActionParts => ({
  findConnector: async () => connector,
  callConnector: (_accountId, _call, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  now: () => new Date(),
  stopping,
})

const target = { accountId: 'a', connector, auth: null, timeoutMs: 20 }

const is = (kind: string, message: string) => (error: unknown) =>
  error instanceof StepError && error.kind === kind && error.message === message

test('a vendor that does not answer in time ends the action, and is named', async () => {
  const run = runAlone(target, (context) => context.callConnector(call), silent())
  await assert.rejects(run, is('timeout', 'Acme did not answer within 0.02 s'))
})

test('so does a process that stops, whatever time is left', async () => {
  const stop = new AbortController()
  const run = runAlone(
    { ...target, timeoutMs: 60_000 },
    ({ callConnector }) => callConnector(call),
    silent(stop.signal),
  )
  stop.abort()
  await assert.rejects(run, is('timeout', 'Hookline stops'))
})

test('a bug stays one', async () => {
  const run = runAlone(target, () => Promise.reject(new TypeError('a bug')), silent())
  await assert.rejects(run, TypeError)
})
