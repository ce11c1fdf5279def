import { randomUUIDv7 } from 'node:crypto'
import { parseArgs } from 'node:util'
import { hashToken, mintPersonalAccessToken } from '../../src/access/tokens.ts'
import { withStorage } from '../../src/cli/open.ts'
import { type ServerProcess, startServer } from '../rig/server-process.ts'
import { benchFlow, bodyOf, makeFlow, sendLoad } from './measure.ts'

/**
 * `npm run bench:fair`: what the senders of one account feel while another account sends as much as the machine takes. The
 * second account is calm: some requests a second, alone at first, then beside the flood.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '50' },
    connections: { type: 'string', default: '64' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log('npm run bench:fair -- [--seconds 10] [--rate 50] [--connections 64]')
  process.exit(0)
}
const seconds = Number(values.seconds)
const body = bodyOf(1_000)

const server = await startServer()
try {
  const loud = await makeFlow(server, true)
  const calm = await flowOfAnotherAccount(server)
  const sendCalmly = () => sendLoad({ ...calm, seconds, connections: 4, rate: Number(values.rate), body })
  const flood = (length: number) =>
    sendLoad({ ...loud, seconds: length, connections: Number(values.connections), body })
  await flood(3)
  const alone = await sendCalmly()
  const flooding = flood(seconds + 2)
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const beside = await sendCalmly()
  const { requests } = await flooding
  console.log(`alone            p50 ${alone.latency.p50} ms   p99 ${alone.latency.p99} ms`)
  console.log(
    `beside a flood   p50 ${beside.latency.p50} ms   p99 ${beside.latency.p99} ms   (${requests.average.toFixed(0)} a second)`,
  )
} finally {
  await server.stop()
}

async function flowOfAnotherAccount({ dataDir, url }: ServerProcess): Promise<{ url: string; token: string }> {
  process.env.HOOKLINE_DATA_DIR = dataDir
  const pat = await withStorage(async ({ database, tokens, signingKey }) => {
    const accountId = randomUUIDv7()
    await database.query({ text: `insert into account (id, name) values ($1, 'calm')`, values: [accountId] })
    const token = mintPersonalAccessToken(accountId, signingKey, new Date())
    const facts = { userId: null, note: 'bench', scopes: ['automation' as const], expiresAt: null }
    await tokens.create(accountId, { ...facts, hash: hashToken(token) })
    return token
  })
  const call = async (method: string, path: string, payload?: unknown) => {
    const headers = { authorization: `Bearer ${pat}`, 'content-type': 'application/json' }
    const init = { method, headers, ...(payload !== undefined && { body: JSON.stringify(payload) }) }
    return (await fetch(`${url}${path}`, init)).json()
  }
  const { id } = (await call('POST', '/v1/flows', benchFlow(true))) as { id: string }
  return (await call('GET', `/v1/flows/${id}/webhook`)) as { url: string; token: string }
}
