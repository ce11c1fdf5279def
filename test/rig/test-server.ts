import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../src/storage/database.ts'
import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres.ts'
import { migrate } from '../../src/storage/migrate.ts'

/** A PostgreSQL server for tests, with a migrated database to copy. */
export interface TestServer {
  /** Any database of the server, to create others from. */
  url: string
  /** A migrated, empty database that nobody is connected to. */
  template: string
  stop(): Promise<void>
}

/**
 * Uses the server that HOOKLINE_DATABASE_URL names, whose user must be allowed to create databases; else boots the
 * embedded one in a temporary directory.
 *
 * That one does not wait for the disk: a test run need not survive a loss of power, and this makes creating databases
 * cheap. A test of durability starts a server of its own.
 */
export async function startTestServer(): Promise<TestServer> {
  const given = process.env.HOOKLINE_DATABASE_URL
  const server = given ? { url: given, stop: async () => undefined } : await startTemporaryServer()
  const template = `hookline_template_${randomUUID().replaceAll('-', '')}`
  const maintenance = openDatabase(server.url, { poolSize: 1 })
  try {
    await maintenance.query({ text: `create database ${template}` })
    const database = openDatabase(databaseUrl(server.url, template), { poolSize: 1 })
    try {
      await migrate(database)
    } finally {
      await database.close()
    }
  } catch (error) {
    await server.stop()
    throw error
  } finally {
    await maintenance.close()
  }
  return {
    url: server.url,
    template,
    async stop() {
      if (given) await dropDatabase(server.url, template)
      await server.stop()
    },
  }
}

async function startTemporaryServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'hookline-test-'))
  const silent = { info: () => undefined, warn: (message: string) => console.error(message) }
  const server = await startEmbeddedPostgres({
    dataDir,
    log: silent,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
  })
  const { host, port, user, database } = server.connection
  return {
    url: `postgres:///${database}?${new URLSearchParams({ host, port: String(port), user })}`,
    async stop() {
      await server.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** The same server, another database. */
export function databaseUrl(url: string, database: string): string {
  return url.replace(/^(\w+:\/\/[^/]*)\/[^?]*/, `$1/${database}`)
}

export async function dropDatabase(url: string, name: string): Promise<void> {
  const maintenance = openDatabase(url, { poolSize: 1 })
  await maintenance.query({ text: `drop database if exists ${name} with (force)` })
  await maintenance.close()
}
