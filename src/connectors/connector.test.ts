import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConnectorInput, readConnector } from './connector.ts'
import { readSample } from './sample.ts'
import { templatesOf } from './templates.ts'

const acme: ConnectorInput = {
  name: 'acme',
  title: 'Acme',
  base_domain: 'https://api.acme.example/',
  auth_config: { api_key: { header: 'authorization', format: 'Bearer {{ token }}' } },
  actions: [{ name: 'get_me', title: 'Get me', endpoint: 'me' }],
  webhook_trigger: {
    events: ['order.created', { name: 'order.paid', title: 'Order paid', sample: { id: 1 } }],
    create: { method: 'POST', endpoint: 'hooks', body: { url: '{{ webhook_url }}', key: '{{ signing_secret }}' } },
    delete: { endpoint: 'hooks/{{ registration.id }}' },
    signature: {
      scheme: 'hmac',
      header: 'X-Acme-Signature',
      header_format: 't={timestamp},v1={signature}',
      signed: '{timestamp}.{body}',
    },
  },
}

/** The problems of the connector above with one thing changed. */
function problems(change: object): string[] {
  const read = readConnector({ ...acme, ...change })
  return read.ok ? [] : read.problems.map(({ path, message }) => `${path}: ${message}`)
}

function trigger(change: object): string[] {
  return problems({ webhook_trigger: { ...acme.webhook_trigger, ...change } })
}

test('what has a default may be left out', () => {
  const read = readConnector({ name: 'acme', title: 'Acme', base_domain: 'https://api.acme.example/' })
  assert.ok(read.ok)
  assert.deepEqual(read.connector.header, {
    token_in_header: true,
    content_type: 'application/json',
    header_key: 'Authorization',
    token_format: '{{token}}',
    token_prefix: '{{token_format}}',
  })
  assert.equal(read.connector.contype, 'connector')
  assert.equal(read.connector.status, 'active')
})

test('a delete is a DELETE, gone on 404, unless it says otherwise', () => {
  const read = readConnector(acme)
  assert.ok(read.ok)
  const removal = read.connector.webhook_trigger?.delete
  assert.equal(removal?.method, 'DELETE')
  assert.deepEqual(removal?.gone, [404, 410])
  assert.equal(read.connector.webhook_trigger?.create?.id, '{{ response.body.id }}')
})

test('an unknown member is answered with the known ones', () => {
  assert.match(problems({ actoins: [] })[0]!, /^: unknown member "actoins"; known here: name, title, .*actions/)
  assert.match(trigger({ creat: {} })[0]!, /^webhook_trigger: unknown member "creat"/)
})

test('what is wrong is said where it is wrong', () => {
  assert.deepEqual(problems({ name: 'Acme Inc' }), [
    'name: must be lower case letters, digits, _ and -, and start with a letter',
  ])
  assert.deepEqual(problems({ title: 7, base_domain: undefined }), [
    'title: must be a string, and is a number',
    'base_domain: is missing',
  ])
  assert.match(problems({ base_domain: 'api.acme.example' })[0]!, /^base_domain: must start with https:\/\//)
  assert.match(
    problems({ external_docs: 'http://acme.example' })[0]!,
    /^external_docs: must be a link that starts with https/,
  )
  const twice = [
    { name: 'a', title: 'A', endpoint: '' },
    { name: 'a', title: 'A', endpoint: '' },
  ]
  assert.deepEqual(problems({ actions: twice }), ['actions.1.name: "a" is there twice'])
  assert.match(problems({ actions: [{ name: 'trigger_by_webhook', title: 'T', endpoint: '' }] })[0]!, /^actions.0.name/)
  assert.deepEqual(problems({ search_config: { action: 'find', field: 'q' } }), [
    'search_config.action: there is no action "find"',
  ])
  assert.match(
    problems({ actions: [{ name: 'a', title: 'A', endpoint: '', form: { properties: { response: {} } } }] })[0]!,
    /^actions.0.form.properties.response: is a name/,
  )
})

test('a trigger must be able to remove what it creates', () => {
  assert.deepEqual(trigger({ delete: undefined }), [
    'webhook_trigger.delete: is needed: what is created must be removable',
  ])
  assert.match(trigger({ create: undefined })[0]!, /^webhook_trigger.create: is needed, or setup/)
  assert.match(trigger({ setup: 'manual', create: undefined })[0]!, /^webhook_trigger.instructions/)
  assert.match(trigger({ expiry: { after_seconds: 3600 } })[0]!, /^webhook_trigger.expiry: needs a renew request/)
  assert.match(trigger({ events: ['a', 'b', 'a'] })[0]!, /^webhook_trigger.events: "a" is there twice/)
  assert.match(trigger({ signing_secret: { from: 'handshake' } })[0]!, /no handshake remembers a secret/)
})

test('a signature must say where everything it signs stands', () => {
  const signature = (change: object): string[] =>
    trigger({ signature: { scheme: 'hmac', header: 'x-signature', ...change } })
  assert.deepEqual(signature({}), [])
  assert.match(signature({ signed: '{timestam}.{body}' })[0]!, /unknown \{timestam\}; known here: \{timestamp\}/)
  assert.match(signature({ signed: '{timestamp}.{body}' })[0]!, /neither header_format nor "timestamp" says where/)
  assert.match(signature({ header_format: 'v1=' })[0]!, /must contain \{signature\} once/)
  assert.match(
    signature({ timestamp: { header: 'x-time' }, tolerance_seconds: 300 })[0]!,
    /tolerance_seconds: needs a timestamp that is signed/,
  )
})

test('templates are found with the names that exist where they stand', () => {
  const read = readConnector(acme)
  assert.ok(read.ok)
  const found = new Map(templatesOf(read.connector).map(({ path, names }) => [path, names]))
  assert.ok(found.get('webhook_trigger.create.body.url')?.includes('webhook_url'))
  assert.ok(found.get('auth_config.api_key.format')?.includes('token'))
  assert.equal(found.get('auth_config.api_key.format')?.includes('webhook_url'), false)
})

test('a sample is the payload itself, or a file of the connector and none elsewhere', async () => {
  const events = (sample: unknown) => ({ events: [{ name: 'e', sample }] }) as Parameters<typeof readSample>[1]
  assert.deepEqual((await readSample('acme', events({ id: 1 }), 'e'))?.body, { id: 1 })
  assert.equal((await readSample('github', events('push'), 'e'))?.headers['x-github-event'], 'push')
  for (const name of ['../stripe/invoice.paid', '..', 'none', '../../connector.ts'])
    assert.equal(await readSample('github', events(name), 'e'), undefined)
})
