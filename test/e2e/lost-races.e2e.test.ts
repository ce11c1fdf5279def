import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../src/flow/json.ts'
import { call, first, made, scenarios, type Thing } from './changed-things.ts'
import { type Reply, webhookFlow } from './rig.ts'

/** Writes that say in If-Match which state they are based on: of all that are based on the same one, one wins. */

const read = async ({ path, headers }: Thing) => {
  const reply = await call('GET', path, undefined, headers)
  assert.equal(reply.status, 200, reply.text)
  return { tag: reply.headers.get('etag')!, text: reply.text, json: reply.json as JsonObject }
}

const change = (thing: Thing, number: number, ifMatch?: string) =>
  call(thing.method, thing.changedAt ?? thing.path, thing.body(number), {
    ...thing.headers,
    ...(ifMatch !== undefined && { 'if-match': ifMatch }),
  })

const remove = ({ path, headers }: Thing, ifMatch?: string) =>
  call('DELETE', path, undefined, { ...headers, ...(ifMatch !== undefined && { 'if-match': ifMatch }) })

function assertLost({ status, json, text }: Reply): void {
  assert.equal(status, 409, text)
  const envelope = json as JsonObject
  assert.deepEqual(Object.keys(envelope), ['status', 'error', 'message', 'data'])
  assert.equal(envelope.error, 'conflict')
  assert.match(String(envelope.message), /meanwhile.*(get it again|send this again)/)
}

const statuses = (replies: readonly Reply[]) => replies.map(({ status }) => status).sort((a, b) => a - b)

for (const { name, make, isDeletable, needsIfMatch } of scenarios) {
  test(`${name}: a fresh tag passes and gives a new one, a stale one is refused and changes nothing`, async () => {
    const thing = await make()
    const before = await read(thing)
    assert.match(before.tag, /^"[\w-]+"$/)
    const saved = await change(thing, 1, before.tag)
    assert.equal(saved.status, 200, saved.text)
    const after = await read(thing)
    assert.notEqual(after.tag, before.tag)
    assert.equal(saved.headers.get('etag'), after.tag, 'a write answers with the state it has made')
    assertLost(await change(thing, 2, before.tag))
    assert.equal((await read(thing)).text, after.text)
    assert.equal((await read(thing)).tag, after.tag)
  })

  test(`${name}: of many writes of one state, one wins`, async () => {
    const thing = await make()
    const { tag } = await read(thing)
    const numbers = [1, 3, 5, 7, 9, 11, 13, 15]
    const replies = await Promise.all(numbers.map((number) => change(thing, number, tag)))
    assert.deepEqual(statuses(replies), [200, ...Array(7).fill(409)])
    for (const reply of replies.filter(({ status }) => status === 409)) assertLost(reply)
    const winner = replies.findIndex(({ status }) => status === 200)
    const now = await read(thing)
    assert.equal(replies[winner]!.headers.get('etag'), now.tag)
    const expected = thing.body(numbers[winner]!) as JsonObject
    const shown = thing.shows?.(now.json)
    if (shown !== undefined) assert.ok(JSON.stringify(expected).includes(JSON.stringify(shown)), now.text)
  })

  test(`${name}: weak tags, several tags and * are understood, anything else is refused`, async () => {
    const thing = await make()
    let { tag } = await read(thing)
    for (const [index, ifMatch] of [`W/${tag}`, '*', '"0", TAG'].entries()) {
      const saved = await change(thing, index + 1, ifMatch.replace('TAG', tag))
      assert.equal(saved.status, 200, `${ifMatch}: ${saved.text}`)
      tag = saved.headers.get('etag')!
    }
    for (const ifMatch of ['', '"', '"a" "b"', 'a b', '*, "1"']) {
      const refused = await change(thing, 8, ifMatch)
      assert.equal(refused.status, 400, `${ifMatch}: ${refused.text}`)
    }
    const bare = await change(thing, 9)
    assert.equal(bare.status, needsIfMatch ? 428 : 200, bare.text)
  })

  if (!isDeletable) continue

  test(`${name}: is deleted only in the state that was seen`, async () => {
    const thing = await make()
    const before = await read(thing)
    await change(thing, 1, before.tag)
    const after = await read(thing)
    assertLost(await remove(thing, before.tag))
    assert.equal((await read(thing)).text, after.text)
    assert.deepEqual(
      statuses(await Promise.all(Array.from({ length: 4 }, () => remove(thing, after.tag)))),
      [204, 404, 404, 404],
    )
    const gone = await change(thing, 2, after.tag)
    assert.equal(gone.status, thing.path.startsWith('/env-variables/') ? 409 : 404, gone.text)
  })

  test(`${name}: is changed or deleted, but not both`, async () => {
    const things = await Promise.all(Array.from({ length: 4 }, make))
    for (const thing of things) {
      const { tag } = await read(thing)
      const [changed, removed] = await Promise.all([change(thing, 1, tag), remove(thing, tag)])
      const outcome = [changed!.status, removed!.status].join()
      assert.ok(['200,409', '404,204', '409,204'].includes(outcome), outcome)
    }
  })
}

test('what is made again under the same name is another thing', async () => {
  await made('/env-variables', { name: 'REGION', value: 'eu' })
  const tag = (await call('GET', '/env-variables/REGION')).headers.get('etag')!
  await call('DELETE', '/env-variables/REGION')
  const late = await call('PUT', '/env-variables/REGION', { value: 'mine' }, { 'if-match': tag })
  assertLost(late)
  assert.deepEqual((late.json as JsonObject).data, { etag: null })
  await made('/env-variables', { name: 'REGION', value: 'us' })
  assertLost(await call('PUT', '/env-variables/REGION', { value: 'mine' }, { 'if-match': tag }))
  assert.equal(((await call('GET', '/env-variables/REGION')).json as JsonObject).value, 'us')
})

test('of many who add an env variable of one name, one does', async () => {
  const replies = await Promise.all(
    Array.from({ length: 8 }, (_, value) => call('POST', '/env-variables', { name: 'ONCE', value })),
  )
  assert.deepEqual(statuses(replies), [201, ...Array(7).fill(409)])
})

test('a flow’s status is set, and a flow paused, only in the version that was seen; it makes no new one', async () => {
  const flow = await made('/flows', { name: 'Paused', ...webhookFlow('null', []) })
  const path = `/flows/${flow.id}`
  await call('PUT', path, { ...flow, name: 'Newer' }, { 'if-match': '1' })
  const set = (status: string, ifMatch?: string) =>
    call('PATCH', `${path}/status`, { status }, ifMatch === undefined ? {} : { 'if-match': ifMatch })
  assertLost(await set('paused', '"1"'))
  const paused = await set('paused', '"2"')
  assert.equal(paused.headers.get('etag'), '"2"')
  // Whoever edits it is not thrown out because somebody paused it.
  assert.equal((await call('PUT', path, { name: 'Edited' }, { 'if-match': '"2"' })).status, 200)
  assert.equal(((await call('GET', path)).json as JsonObject).status, 'paused')
  assert.equal((await set('draft')).status, 200)
  assert.equal((await set('paused', 'latest')).status, 400)
})

test('what happens by itself outdates nobody’s edit: a token is used, an auth is tested', async () => {
  const made1 = await made('/personal-access-tokens', { scopes: ['automation.view'] })
  const tokenPath = `/personal-access-tokens/${made1.id}`
  const tokenTag = (await call('GET', tokenPath)).headers.get('etag')!
  await first.api('GET', '/v1/flows', undefined, { authorization: `Bearer ${made1.token}` })
  const noted = await first.database.query({
    text: 'update personal_access_token set last_used_at = now() where id = $1',
    values: [made1.id],
  })
  assert.equal(noted.count, 1)
  assert.equal((await call('DELETE', tokenPath, undefined, { 'if-match': tokenTag })).status, 204)
  const auth = { connector: 'http', name: 'Key', auth_type: 'api_key', auth_token: 'hush' }
  const { id } = await made('/connector-auths', auth)
  const authTag = (await call('GET', `/connector-auths/${id}`)).headers.get('etag')!
  assert.equal((await call('POST', `/connector-auths/${id}/test`)).status, 200)
  assert.equal((await call('PUT', `/connector-auths/${id}`, auth, { 'if-match': authTag })).status, 200)
})

test('a registration that is given up is still the one that was seen', async () => {
  const flow = await made('/flows', { name: 'Hooked' })
  const id = '01900000-0000-7000-8000-00000000000a'
  await first.database.query({
    text: `insert into registration (id, account_id, flow_id, ref, slot, kind, connector, place, goal, state, base_url, settings,
             settings_hash, secrets_sealed, created_at, updated_at)
           select $1, account_id, id, 'con1', '', 'webhook', 'github', 'p', 'absent', 'failed', 'http://x', '{}', 'h', '', now(), now()
           from flow where id = $2`,
    values: [id, flow.id],
  })
  const give = (ifMatch: string) => call('DELETE', `/registrations/${id}`, undefined, { 'if-match': ifMatch })
  assertLost(await give('"0"'))
  assert.deepEqual(statuses(await Promise.all([give('*'), give('*')])), [204, 404])
})
