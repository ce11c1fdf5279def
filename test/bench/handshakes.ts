import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { type HandshakePreset, handshakes } from '../../src/connectors/presets/handshakes.ts'
import { command, startServer } from '../rig/server-process.ts'

/**
 * `npm run bench:handshakes`: how long a vendor waits for the answer to its challenge while every worker is stopped. One
 * process with `HOOKLINE_ROLE=api` and no other; each handshake that a connector can declare, from several connections at
 * once, every request with another challenge. Ends with 1 when a 99th percentile is not under 50 ms: vendors that ask
 * give up after one to ten seconds, and what else happens on the way is not ours.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '2000', short: 'n' },
    connections: { type: 'string', default: '8', short: 'c' },
  },
})
const limitMs = 50
const secret = 'a secret of the vendor’s app'

interface Challenge {
  method: 'GET' | 'POST' | 'HEAD' | 'OPTIONS'
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: unknown
  /** What the answer must hold, in its body or the headers. */
  expected: string
}

const hmac = (text: string, encoding: 'hex' | 'base64') => createHmac('sha256', secret).update(text).digest(encoding)

/**
 * What vendors ask, with a challenge of its own each time. Left out are those that hand over a secret (Asana, Notion): they
 * are answered only while a worker is making the webhook.
 */
const challenges: Partial<Record<HandshakePreset, (text: string) => Challenge>> = {
  slack: (text) => ({ method: 'POST', body: { type: 'url_verification', challenge: text }, expected: text }),
  meta: (text) => ({
    method: 'GET',
    query: { 'hub.mode': 'subscribe', 'hub.challenge': text, 'hub.verify_token': secret },
    expected: text,
  }),
  websub: (text) => ({
    method: 'GET',
    query: { 'hub.mode': 'subscribe', 'hub.topic': 'https://t.example', 'hub.challenge': text },
    expected: text,
  }),
  microsoft_graph: (text) => ({ method: 'POST', query: { validationToken: text }, expected: text }),
  zoom: (text) => ({
    method: 'POST',
    body: { event: 'endpoint.url_validation', payload: { plainToken: text } },
    expected: hmac(text, 'hex'),
  }),
  dropbox: (text) => ({ method: 'GET', query: { challenge: text }, expected: text }),
  cloudevents: (text) => ({
    method: 'OPTIONS',
    headers: { 'webhook-request-origin': `${text}.example` },
    expected: `${text}.example`,
  }),
  trello: () => ({ method: 'HEAD', expected: '' }),
  monday: (text) => ({ method: 'POST', body: { challenge: text }, expected: text }),
  x: (text) => ({ method: 'GET', query: { crc_token: text }, expected: hmac(text, 'base64') }),
  okta: (text) => ({ method: 'GET', headers: { 'x-okta-verification-challenge': text }, expected: text }),
  ringcentral: (text) => ({ method: 'POST', headers: { 'validation-token': text }, body: {}, expected: text }),
}

const dataDir = mkdtempSync(join(tmpdir(), 'hookline-handshakes-'))
const scopes = ['automation', 'connectors', 'connector_auth'].flatMap((scope) => ['--scope', scope])
const settings = { HOOKLINE_ROLE: 'api', HOOKLINE_DATA_DIR: dataDir }
const token = await command(['token', 'create', ...scopes], { ...process.env, ...settings })
const server = await startServer(settings, { token })
const agent = new Agent({ connections: Number(values.connections), pipelining: 1 })
let isSlow = false
try {
  console.log(`${values.requests} requests each, ${values.connections} connections, no worker; milliseconds\n`)
  console.log('handshake                        p50    p99    max')
  for (const [preset, challengeOf] of Object.entries(challenges)) {
    const flowId = await flowWith(preset as HandshakePreset)
    const times = await measure(flowId, challengeOf)
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
    const cells = [at(0.5), at(0.99), times.at(-1)!].map((time) => time.toFixed(1).padStart(7))
    isSlow ||= at(0.99) >= limitMs
    console.log(`${handshakes[preset as HandshakePreset].name.padEnd(30)}${cells.join('')}`)
  }
} finally {
  await agent.close()
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
console.log(
  isSlow ? `\na 99th percentile is not under ${limitMs} ms` : `\nevery 99th percentile is under ${limitMs} ms`,
)
process.exitCode = isSlow ? 1 : 0

/** A flow that an app would start whose webhook was set up by hand, and which asks in this way whether it is there. */
async function flowWith(preset: HandshakePreset): Promise<string> {
  const post = async (path: string, body: unknown): Promise<{ id: string; name: string }> => {
    const { status, body: answer } = await server.api('POST', path, body)
    if (status !== 201) throw new Error(JSON.stringify(answer))
    return answer
  }
  const { name: connector } = await post('/v1/connectors', {
    name: `bench_${preset}`,
    title: preset,
    base_domain: 'https://vendor.example/',
    auth_config: { api_key: {} },
    webhook_trigger: {
      setup: 'manual',
      instructions: 'by hand',
      events: ['any'],
      handshake: [handshakes[preset]],
      signing_secret: { from: 'auth', value: '{{ connectorAuth.user_input.secret }}' },
    },
  })
  const credential = { auth_type: 'api_key', auth_token: 't', user_input: { secret } }
  const auth = await post('/v1/connector-auths', { connector, name: 'a', ...credential })
  const step = { ref: 'con1', connector, action: 'trigger_by_webhook', auth: auth.id, input: {} }
  return (await post('/v1/flows', { name: preset, status: 'live', steps: [step], arrows: [] })).id
}

/** How long each answer took, the shortest first. Errors: an answer that is not the one that the vendor expects. */
async function measure(flowId: string, challengeOf: (text: string) => Challenge): Promise<number[]> {
  const times: number[] = []
  let left = Number(values.requests)
  const ask = async () => {
    while (left > 0) {
      left -= 1
      const { method, query = {}, headers = {}, body, expected } = challengeOf(`c${left}`)
      const search = Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`
      const began = performance.now()
      const reply = await request(`${server.url}/v1/flow-webhook/${flowId}${search}`, {
        method,
        dispatcher: agent,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await reply.body.text()
      times.push(performance.now() - began)
      const answer = `${text}\n${JSON.stringify(reply.headers)}`
      if (reply.statusCode !== 200 || !answer.includes(expected)) throw new Error(`${reply.statusCode} ${answer}`)
    }
  }
  await Promise.all(Array.from({ length: Number(values.connections) }, ask))
  return times.sort((one, other) => one - other)
}
