import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { hashToken, mintPersonalAccessToken } from '../../src/access/tokens.ts'
import { type Json, type JsonObject, stringifyJson } from '../../src/flow/json.ts'
import { createAccounts } from '../../src/storage/accounts.ts'
import type { Database } from '../../src/storage/database.ts'
import { createPersonalAccessTokens } from '../../src/storage/tokens.ts'

/**
 * The product as an operator runs it, in a process that is killed with SIGKILL and started again. The next process waits
 * with its modules loaded (warm-start.ts), so that a new life costs a fraction of a second and a thousand are affordable.
 */
export class KillableProduct {
  readonly database: Database
  readonly #env: Record<string, string>
  readonly #port: number
  readonly #token: string
  #child: ChildProcess | undefined
  #next: ChildProcess
  #ended: Error | undefined
  /** Resolves when there is a process that takes requests. */
  #up = Promise.withResolvers<void>()
  kills = 0

  private constructor(database: Database, env: Record<string, string>, port: number, token: string) {
    this.database = database
    this.#env = env
    this.#port = port
    this.#token = token
    this.#next = this.#prepare()
  }

  static async start(database: Database, databaseUrl: string): Promise<KillableProduct> {
    const dataDir = mkdtempSync(join(tmpdir(), 'hookline-killed-'))
    const port = await freePort()
    const { id } = await createAccounts(database).ensureFirst()
    const token = mintPersonalAccessToken(id, createHash('sha256').update('tests').digest(), new Date())
    const scopes = ['automation', 'connectors', 'connector_auth'] as const
    await createPersonalAccessTokens(database).create(id, {
      userId: null,
      hash: hashToken(token),
      note: 'test',
      scopes,
      expiresAt: null,
    })
    const env = {
      HOOKLINE_DATABASE_URL: databaseUrl,
      HOOKLINE_DATA_DIR: dataDir,
      HOOKLINE_SECRET_KEY: 'a secret key for tests, longer than 32',
      HOOKLINE_OUTBOUND_ALLOW: '127.0.0.0/8,::1/128',
      HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off',
      HOOKLINE_LOG_LEVEL: 'fatal',
      HOOKLINE_PORT: String(port),
    }
    const product = new KillableProduct(database, env, port, token)
    await product.live('127.0.0.1')
    return product
  }

  get isAlive(): boolean {
    return this.#child !== undefined
  }

  /**
   * Starts the next life, under an address by which it can be reached: `127.0.0.1` or `localhost`. Resolves when it takes
   * requests, or when it was killed before it did: it works on webhooks a moment earlier.
   */
  async live(host: string): Promise<void> {
    const child = this.#next
    this.#next = this.#prepare()
    this.#child = child
    child.once('exit', (code, signal) => {
      if (this.#child === child) this.#ended = new Error(`the product ended by itself: ${code ?? signal}`)
    })
    child.stdin!.end(`http://${host}:${this.#port}\n`)
    for await (const line of createInterface({ input: child.stdout! })) if (line.startsWith('Hookline is ready')) break
    if (this.#child !== child) return
    child.stdout!.resume()
    this.#up.resolve()
  }

  /** Errors: when it has died of itself, which nothing that a vendor does may bring about. */
  checkAlive(): void {
    if (this.#ended !== undefined) throw this.#ended
  }

  /** SIGKILL: from the return of this call on, the process does nothing any more. */
  kill(): void {
    if (this.#child === undefined) return
    this.#up = Promise.withResolvers()
    this.#child.kill('SIGKILL')
    this.#child = undefined
    this.kills += 1
  }

  async close(): Promise<void> {
    for (const child of [this.#child, this.#next]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    rmSync(this.#env.HOOKLINE_DATA_DIR!, { recursive: true, force: true })
  }

  /**
   * Asks until there is an answer, as a client does whose request ended with the process: what is asked for may have been
   * done before.
   */
  async ask(method: string, path: string, body?: Json, headers: Record<string, string> = {}) {
    for (;;) {
      await this.#up.promise
      try {
        const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
          method,
          headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json', ...headers },
          ...(body === undefined ? {} : { body: stringifyJson(body) }),
        })
        const text = await response.text()
        return { status: response.status, text, json: (text === '' ? null : JSON.parse(text)) as JsonObject }
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        // The connection broke: between the kill and our hearing of it there is a moment.
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
  }

  #prepare(): ChildProcess {
    const root = join(import.meta.dirname, '../..')
    const args = ['--import', join(import.meta.dirname, 'warm-start.ts'), join(root, 'src/main.ts'), 'start']
    // Compiled once for all lives, which halves what a start costs.
    const cache = join(this.#env.HOOKLINE_DATA_DIR!, 'compiled')
    const env = { PATH: process.env.PATH, NODE_COMPILE_CACHE: cache, ...this.#env }
    return spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
