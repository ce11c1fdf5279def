import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { readSecretKey } from '../access/secret-key.ts'
import { type Config, readConfig } from '../config.ts'
import { createMailer } from '../mailer.ts'
import { createOutbound } from '../outbound.ts'
import type { WaitingErrorMails } from '../storage/error-mails.ts'
import { openStorage } from '../storage/open-storage.ts'
import { sealedElsewhere } from '../storage/sealed-elsewhere.ts'
import { readServerFacts, type ServerFacts } from '../storage/server-facts.ts'
import { listenFailure, messageOf } from './failure.ts'

export interface Finding {
  state: 'ok' | 'warn' | 'fail'
  what: string
  /** What to do about it. */
  fix?: string
}

/** `doctor`: prints a line for each thing that was looked at. The exit status is 1 when one of them keeps Hookline from running. */
export async function doctor(): Promise<void> {
  let failed = false
  for await (const { state, what, fix } of examine()) {
    failed ||= state === 'fail'
    console.log(`${state.padEnd(4)}  ${what}${fix === undefined ? '' : `\n      ${fix.replaceAll('\n', '\n      ')}`}`)
  }
  if (failed) process.exitCode = 1
}

async function* examine(): AsyncGenerator<Finding> {
  yield nodeVersion(process.versions.node)
  let config: Config
  try {
    config = readConfig()
  } catch (error) {
    yield { state: 'fail', what: 'settings', fix: messageOf(error) }
    return
  }
  yield { state: 'ok', what: `settings (role ${config.role})` }
  for (const warning of config.warnings) yield { state: 'warn', what: warning }
  yield await dataDirectory(config)
  yield await secretKey(config)
  yield* database(config)
  yield* email(config)
  yield* addresses(config)
}

function nodeVersion(version: string): Finding {
  const what = `Node ${version}`
  if (Number.parseInt(version, 10) >= 26) return { state: 'ok', what }
  return { state: 'fail', what, fix: 'Hookline needs Node 26 or later; npm ci brings one into node_modules/.bin.' }
}

async function dataDirectory({ dataDir, databaseUrl }: Config): Promise<Finding> {
  const what = `data directory ${dataDir}`
  const found = await stat(dataDir).catch(() => undefined)
  if (found === undefined) {
    const above = await nearestDirectory(dataDir)
    if (await mayWrite(above)) return { state: 'ok', what: `${what} (will be made)` }
    return { state: 'fail', what, fix: `It can't be made: ${above} can't be written. Set HOOKLINE_DATA_DIR.` }
  }
  if (!found.isDirectory()) return { state: 'fail', what, fix: 'It is no directory: set HOOKLINE_DATA_DIR.' }
  if (!(await mayWrite(dataDir))) {
    return { state: 'fail', what, fix: `It can't be written: chown it to this user, or set HOOKLINE_DATA_DIR.` }
  }
  if (databaseUrl === undefined && (found.mode & 0o022) !== 0) {
    return { state: 'warn', what, fix: `Other users can write to it: chmod go-w ${dataDir}` }
  }
  return { state: 'ok', what }
}

function mayWrite(directory: string): Promise<boolean> {
  return access(directory, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** The first one above that is there. */
async function nearestDirectory(path: string): Promise<string> {
  const above = dirname(path)
  const found = await stat(above).catch(() => undefined)
  return found !== undefined || above === path ? above : nearestDirectory(above)
}

async function secretKey(config: Config): Promise<Finding> {
  const source = config.secretKey === undefined ? join(config.dataDir, 'secret.key') : 'HOOKLINE_SECRET_KEY'
  const what = `secret key (${source})`
  try {
    await readSecretKey(config.secretKey, config.dataDir)
  } catch (error) {
    return { state: 'fail', what, fix: messageOf(error) }
  }
  if (config.databaseUrl !== undefined && config.secretKey === undefined) {
    const fix = 'All processes on one database need the same key: set HOOKLINE_SECRET_KEY to the content of this file.'
    return { state: 'warn', what, fix }
  }
  return { state: 'ok', what }
}

async function* database(config: Config): AsyncGenerator<Finding> {
  const what = config.databaseUrl === undefined ? 'embedded PostgreSQL' : 'PostgreSQL at HOOKLINE_DATABASE_URL'
  try {
    const storage = await openStorage({
      settings: { ...config, databasePool: 2 },
      now: () => new Date(),
      log: { info: () => undefined, warn: () => undefined },
    })
    try {
      yield { state: 'ok', what: `${what}: reached, its tables are up to date` }
      yield* serverFindings(await readServerFacts(storage.database), config.databasePool, Date.now())
      const otherKey = await sealedElsewhere(storage.database, storage.sealer)
      if (otherKey !== undefined)
        yield { state: 'fail', what: 'the secret key is not that of the database', fix: otherKey }
      yield* emailFindings(await storage.errorMails.waiting(), config.email !== undefined, Date.now())
    } finally {
      await storage.close()
    }
  } catch (error) {
    yield { state: 'fail', what, fix: messageOf(error) }
  }
}

const oldestVersion = 15
const largestClockGapMs = 5_000

/** What of a server's settings is good, and what is not. */
export function* serverFindings(facts: ServerFacts, poolSize: number, now: number): Generator<Finding> {
  const major = Math.floor(facts.version / 10_000)
  yield major >= oldestVersion
    ? { state: 'ok', what: `PostgreSQL ${major}` }
    : { state: 'fail', what: `PostgreSQL ${major}`, fix: `Hookline needs version ${oldestVersion} or later.` }
  yield facts.encoding === 'UTF8'
    ? { state: 'ok', what: 'encoding UTF8' }
    : {
        state: 'fail',
        what: `encoding ${facts.encoding}`,
        fix: 'Make a database with: create database … encoding UTF8',
      }
  if (facts.isReplica) yield { state: 'fail', what: 'the server is a replica', fix: 'Name the primary.' }
  if (!facts.mayCreateTables) {
    yield { state: 'fail', what: 'the user may not create tables', fix: 'grant create on schema public to …' }
  }
  const durable = facts.fsync && facts.fullPageWrites && facts.synchronousCommit !== 'off'
  yield durable
    ? { state: 'ok', what: 'commits survive a loss of power' }
    : {
        state: 'warn',
        what: 'commits may be lost with the power, and with them requests that were accepted',
        fix: 'Set fsync, full_page_writes and synchronous_commit to on.',
      }
  // Our pool, its listener, the queue's maintenance, and a few for whoever else looks in.
  yield facts.maxConnections >= poolSize + 5
    ? { state: 'ok', what: `${facts.maxConnections} connections, ${poolSize} for this process` }
    : {
        state: 'fail',
        what: `the server allows ${facts.maxConnections} connections`,
        fix: 'Raise max_connections, or lower HOOKLINE_DATABASE_POOL.',
      }
  const gap = Math.abs(facts.clock.getTime() - now)
  if (gap > largestClockGapMs) {
    const fix = 'Let both machines take their time from the network (NTP).'
    yield { state: 'warn', what: `the server's clock is off by ${Math.round(gap / 1000)} s`, fix }
  }
}

async function* email({ email, role }: Config): AsyncGenerator<Finding> {
  if (email === undefined) {
    yield { state: 'ok', what: 'no mail server: flows tell nobody of errors by email' }
    return
  }
  const { host } = new URL(email.smtpUrl)
  try {
    await createMailer(email).check()
    yield { state: 'ok', what: `the mail server ${host} takes our connection${role === 'api' ? '; workers send' : ''}` }
  } catch (error) {
    const fix = `${error instanceof Error ? error.message : error}\nSee to HOOKLINE_SMTP_URL; until then, error emails wait.`
    yield { state: 'warn', what: `the mail server ${host}`, fix }
  }
}

/** Whether anybody waits for an email that can't be sent. */
export function emailFindings(
  { count, failing, failure, since }: WaitingErrorMails,
  sends: boolean,
  now: number,
): Finding[] {
  if (failing > 0) {
    const fix = `The last one could not be sent: ${failure}\nThey are tried again once an hour at least.`
    return [{ state: 'warn', what: `${failing} error emails wait for the mail server`, fix }]
  }
  if (since === null || now - since.getTime() < lateEmailMs) return []
  const fix = sends
    ? 'Is a process running whose HOOKLINE_ROLE is worker or all, with HOOKLINE_SMTP_URL?'
    : 'Set HOOKLINE_SMTP_URL and HOOKLINE_EMAIL_FROM for all processes.'
  return [{ state: 'warn', what: `${count} error emails are not sent`, fix }]
}

/** Longer than the pause between two emails about one flow, so somebody should have sent it. */
const lateEmailMs = 15 * 60 * 1000

async function* addresses(config: Config): AsyncGenerator<Finding> {
  if (config.role === 'worker') return
  const local = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`
  const refused = await tryListening(config)
  if (config.port === 0 && refused === undefined) yield { state: 'ok', what: 'a free port is taken' }
  else if (refused === undefined) yield { state: 'ok', what: `${local} is free` }
  else if (await isHookline(local)) yield { state: 'ok', what: `Hookline is running at ${local}` }
  else yield { state: 'fail', what: `${local} can't be taken`, fix: refused }

  if (config.publicUrl === undefined) {
    const fix = 'Fine for trying it out; senders elsewhere need HOOKLINE_PUBLIC_URL.'
    yield { state: 'warn', what: `webhook URLs begin with ${local}`, fix }
  } else if (await isHookline(config.publicUrl)) {
    yield { state: 'ok', what: `${config.publicUrl} leads to Hookline` }
  } else {
    const fix = 'If the server is running: do DNS and the reverse proxy lead to it, with /healthz?'
    yield { state: 'warn', what: `${config.publicUrl} does not lead to a running Hookline`, fix }
  }
  if (config.publicUrl?.startsWith('http:')) {
    yield { state: 'warn', what: 'the public URL is not https', fix: 'Tokens travel in the clear.' }
  }
}

/** What keeps a server from listening there; undefined when nothing does. */
function tryListening({ host, port }: Config): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(listenFailure(error, host, port) ?? messageOf(error)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** Our own address may be private, and it is the operator who asks: every address may be called. */
async function isHookline(address: string): Promise<boolean> {
  const outbound = createOutbound({ allow: ['0.0.0.0/0', '::/0'] })
  try {
    const { status, body } = await outbound.fetch({
      method: 'GET',
      url: `${address}/healthz`,
      headers: {},
      timeoutMs: 5_000,
    })
    return status === 200 && body.toString() === '{"status":"ok"}'
  } catch {
    return false // Not reached: that is the answer.
  } finally {
    await outbound.close()
  }
}
