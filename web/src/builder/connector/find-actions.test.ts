import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectorJson } from '../catalogue.ts'
import { findActions } from './find-actions.ts'

const connector: ConnectorJson = {
  name: 'acme',
  title: 'Acme',
  contype: 'connector',
  status: 'active',
  webhook_trigger: { events: ['created'] },
  actions: [
    { name: 'trigger_build', title: 'Trigger a build', description: 'Starts CI' },
    { name: 'create_issue', title: 'Create an issue', description: 'Opens a ticket' },
    { name: 'old', title: 'Old trigger', status: 'paused' },
  ],
}
const names = (text: string) => findActions(connector, text).map(({ name }) => name)

test('trigger finds Trigger by Webhook first', () => {
  assert.deepEqual(names('trigger'), ['trigger_by_webhook', 'trigger_build'])
})

test('three letters anywhere in name or description find an action', () => {
  assert.deepEqual(names('iss'), ['create_issue'])
  assert.deepEqual(names('ick'), ['create_issue'])
  assert.deepEqual(names('xyz'), [])
})
