import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { type Product, startProduct, webhookFlow } from './rig.ts'

const door = await startProduct({ HOOKLINE_ROLE: 'api' })
const other = await startProduct({ HOOKLINE_ROLE: 'api', HOOKLINE_DATABASE_URL: door.databaseUrl })
await startProduct({ HOOKLINE_ROLE: 'worker', HOOKLINE_DATABASE_URL: door.databaseUrl })
const stop = new AbortController()
after(() => stop.abort())

interface Seen {
  type: string
  data: Record<string, unknown>
}

/** Reads server-sent events until one of them fits, and returns all that came. */
async function readUntil(
  product: Product,
  fits: (event: Seen) => boolean,
  onOpen: () => Promise<void>,
): Promise<Seen[]> {
  const response = await fetch(`${product.url}/v1/events`, {
    headers: { authorization: `Bearer ${door.token}` },
    signal: stop.signal,
  })
  const seen: Seen[] = []
  let text = ''
  let opened: Promise<void> | undefined
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    opened ??= onOpen()
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const type = /^event: (.*)$/m.exec(part)?.[1]
      if (type === undefined) continue
      seen.push({ type, data: JSON.parse(/^data: (.*)$/m.exec(part)?.[1] ?? '{}') })
      if (seen.some(fits)) {
        await opened
        return seen
      }
    }
  }
  return seen
}

test('a browser at one process sees what comes in at another one and is run by a third', async () => {
  const flow = await door.flow(webhookFlow('null', [], { async: true }))
  // The request goes to the process that the browser is not connected to.
  const call = async () => {
    const response = await fetch(`${other.url}/v1/flow-webhook/${flow.id}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${flow.token}` },
    })
    assert.equal(response.status, 200)
  }
  const seen = await readUntil(door, ({ type, data }) => type === 'run' && data.status === 'success', call)
  assert.ok(seen.every(({ type, data }) => type !== 'run' || data.flow_id === flow.id))
})

test('the builder is told of the request it waits for, wherever that comes in', async () => {
  const flow = await door.flow(webhookFlow('null', [], { async: true }))
  const wait = async () => {
    const listening = await door.api('POST', `/v1/flows/${flow.id}/listen`, {})
    assert.ok(listening.status < 300, listening.text)
    // It takes the other process a moment to hear of it: a sender in the real world is not told to wait, either.
    for (let tries = 0; tries < 50 && !stop.signal.aborted; tries++) {
      await fetch(`${other.url}/v1/flow-webhook/${flow.id}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${flow.token}` },
      })
    }
  }
  const seen = await readUntil(door, ({ type }) => type === 'capture', wait)
  assert.equal(seen.find(({ type }) => type === 'capture')?.data.flow_id, flow.id)
})

test('who leaves before it is known who asks holds no place among the streams of the account', async () => {
  const { hostname, port } = new URL(door.url)
  const head = `GET /v1/events HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${door.token}\r\n\r\n`
  const leave = () =>
    new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write(head, () => socket.destroy()))
      socket.once('close', () => resolve())
    })
  // More than there may be streams.
  for (let count = 0; count < 220; count += 20) await Promise.all(Array.from({ length: 20 }, leave))
  const headers = { authorization: `Bearer ${door.token}` }
  const { status, body } = await fetch(`${door.url}/v1/events`, { headers })
  await body?.cancel()
  assert.equal(status, 200)
})

test('HEAD tells what kind of answer there would be, and opens no stream', async () => {
  const headers = { authorization: `Bearer ${door.token}` }
  // More than there may be streams; each answer ends at once.
  for (let count = 0; count < 220; count++) {
    const { status, headers: sent } = await fetch(`${door.url}/v1/events`, { method: 'HEAD', headers })
    assert.equal(status, 200)
    assert.match(sent.get('content-type')!, /^text\/event-stream/)
  }
  assert.equal((await fetch(`${door.url}/v1/events`, { method: 'HEAD' })).status, 401)
  const { status, body } = await fetch(`${door.url}/v1/events`, { headers })
  await body?.cancel()
  assert.equal(status, 200)
})
