import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { command, type ServerProcess, startServer } from '../../test/rig/server-process.ts'
import { testDatabase } from '../../test/rig/test-database.ts'
import { until } from '../../test/vendors/connected.ts'
import { pathStyle } from '../../test/vendors/styles-plain.ts'
import { githubStyle } from '../../test/vendors/styles-rest.ts'
import { Vendor, type VendorStyle } from '../../test/vendors/vendor.ts'

/** A server whose public address changes, vendors beside it, and the command line as an operator uses it. */

// Stopped before the database goes: hooks are run first come, first served.
const servers: ServerProcess[] = []
const vendors: Vendor[] = []
after(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  await Promise.all(vendors.map((vendor) => vendor.close()))
})
const { url } = await testDatabase()
const dataDir = mkdtempSync(join(tmpdir(), 'hookline-moved-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))

const settings = (publicUrl: string) => ({
  HOOKLINE_DATABASE_URL: url,
  HOOKLINE_DATA_DIR: dataDir,
  HOOKLINE_SECRET_KEY: 'a secret key that only tests know',
  HOOKLINE_OUTBOUND_ALLOW: '127.0.0.0/8',
  HOOKLINE_PUBLIC_URL: publicUrl,
  HOOKLINE_PORT: String(port),
})
// Both lead to the server; a third name of this machine is not to be counted on.
const port = await freePort()
const formerUrl = `http://127.0.0.1:${port}`
const nextUrl = `http://localhost:${port}`

async function cli(args: string[], publicUrl = nextUrl) {
  const main = join(import.meta.dirname, '../main.ts')
  const env = { PATH: process.env.PATH, ...settings(publicUrl) }
  const child = spawn(process.execPath, [main, 'registrations', ...args], { env })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await exited, out: out.trim(), err: err.trim() }
}

const scopes = ['automation', 'connectors', 'connector_auth'].flatMap((scope) => ['--scope', scope])
const token = await command(['token', 'create', ...scopes], { PATH: process.env.PATH, ...settings(formerUrl) })

async function start(publicUrl: string): Promise<ServerProcess> {
  const server = await startServer(settings(publicUrl), { token })
  servers.push(server)
  return server
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** One that takes a new address for the same webhook, and one whose webhook must be made anew. */
const styles: VendorStyle[] = [githubStyle, pathStyle]

async function connect(style: VendorStyle, server: ServerProcess): Promise<Vendor> {
  const vendor = await new Vendor(style).start()
  vendors.push(vendor)
  const post = async (path: string, body: unknown): Promise<{ id: string; name: string }> => {
    const { status, body: answer } = await server.api('POST', path, body)
    assert.equal(status, 201, JSON.stringify(answer))
    return answer
  }
  const { name: connector } = await post('/v1/connectors', style.connector(vendor.url))
  const credential = style.auth ?? { auth_type: 'api_key', auth_token: 'test' }
  const { id: auth } = await post('/v1/connector-auths', { connector, name: 'test', ...credential })
  const step = { ref: 'con1', connector, action: 'trigger_by_webhook', auth, input: style.input(0) }
  await post('/v1/flows', { name: style.name, status: 'live', steps: [step], arrows: [] })
  await until('registered', () => vendor.live().length === 1)
  return vendor
}

test('registrations plan and apply: shown and left alone, refused without a worker, moved with one, and done', async () => {
  const former = await start(formerUrl)
  for (const style of styles) await connect(style, former)
  const addresses = () => vendors.map((vendor) => vendor.live().map((hook) => new URL(hook.url).origin))
  assert.deepEqual(addresses(), [[formerUrl], [formerUrl]])
  await former.stop()

  const same = await cli(['plan'], formerUrl)
  assert.deepEqual([same.code, same.out, same.err], [0, '', `0 webhooks to be moved to ${formerUrl}`])

  const planned = await cli(['plan'])
  assert.equal(planned.code, 0, planned.err)
  assert.equal(planned.err, `2 webhooks to be moved to ${nextUrl}`)
  const lines = planned.out.split('\n').map((line) => line.split('\t'))
  assert.deepEqual(lines.map(([, , ...rest]) => rest).sort(), [
    ['sim_github', formerUrl, '->', nextUrl],
    ['sim_path', formerUrl, '->', nextUrl],
  ])
  assert.deepEqual(addresses(), [[formerUrl], [formerUrl]], 'a plan changes nothing')

  // Started under the new address, it does not move anything by itself: this may be a copy of the database.
  const next = await start(nextUrl)
  assert.deepEqual(addresses(), [[formerUrl], [formerUrl]])
  const applied = await cli(['apply'])
  assert.equal(applied.code, 0, applied.err)
  assert.match(applied.err, new RegExp(`^2 of 2 webhooks moved to ${nextUrl}$`, 'm'))
  assert.deepEqual(addresses(), [[nextUrl], [nextUrl]])
  assert.equal(
    vendors[0]!.calls.filter(({ method }) => method === 'POST').length,
    1,
    'GitHub’s was changed, not made anew',
  )

  const again = await cli(['apply'])
  assert.deepEqual([again.code, again.err], [0, `all webhooks are at ${nextUrl}`])
  await next.stop()
})

test('what a vendor refuses to move is named with its reason, and the command says that it is not done', async () => {
  const server = await start(nextUrl)
  const stubborn: VendorStyle = {
    ...githubStyle,
    name: 'stubborn',
    connector: (base) => ({ ...githubStyle.connector(base), name: 'sim_stubborn' }),
  }
  const vendor = await connect(stubborn, server)
  vendor.fault = ({ method }) => (method === 'PATCH' ? 'refuse_401' : undefined)
  await server.stop()
  await start(formerUrl)
  const applied = await cli(['apply'], formerUrl)
  assert.equal(applied.code, 1)
  assert.match(applied.err, /^2 of 3 webhooks moved to http/m)
  assert.match(applied.err, /some could not be moved; run this again once the reasons are mended/)
  assert.match(applied.out, /^\S+\t\S+\tsim_stubborn\t\S+\t->\t\S+\t.*the token has been revoked/)
  vendor.fault = () => undefined
  const again = await cli(['apply'], formerUrl)
  assert.equal(again.code, 0, `${again.err} ${again.out}`)
  assert.ok(vendor.live().every((hook) => hook.url.startsWith(formerUrl)))
})
