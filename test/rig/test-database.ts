import { randomUUID } from 'node:crypto'
import { after } from 'node:test'
import { type Database, type DatabaseOptions, openDatabase } from '../../src/storage/database.ts'
import { databaseUrl, dropDatabase, startTestServer, type TestServer } from './test-server.ts'

export interface TestDatabase {
  /** A pool on a fresh, migrated database that only this test file knows. */
  database: Database
  url: string
  /** Another pool on it, as another process would have. */
  open(options?: DatabaseOptions): Database
  /** Stops what works on the database before its pools are closed; hooks of node:test run first come, first served. */
  beforeClose(stop: () => Promise<void>): void
}

/**
 * A database of the caller's own: a copy of the migrated template (some 30 ms). Pools are closed and the database is
 * dropped when the test file, or the test in which this is called, ends.
 *
 * Under `npm test` the server is the one of the whole run. A file that is run by hand (`node --test x.test.ts`) starts
 * one for itself, which takes a second. `migrated: false` is a database without tables.
 */
export async function testDatabase({ migrated = true }: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const server = await useServer()
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const maintenance = openDatabase(server.url, { poolSize: 1 })
  await maintenance.query({ text: `create database ${name} template ${migrated ? server.template : 'template0'}` })
  await maintenance.close()
  const url = databaseUrl(server.url, name)
  const pools: Database[] = []
  const open = (options?: DatabaseOptions) => {
    const pool = openDatabase(url, options)
    pools.push(pool)
    return pool
  }
  const stops: (() => Promise<void>)[] = []
  after(async () => {
    for (const stop of stops) await stop()
    await Promise.all(pools.map((pool) => pool.close()))
    await dropDatabase(server.url, name)
    await server.leave()
  })
  return { database: open(), url, open, beforeClose: (stop) => stops.push(stop) }
}

interface ServerInUse extends Pick<TestServer, 'url' | 'template'> {
  leave(): Promise<void>
}

let own: { server: Promise<TestServer>; users: number } | undefined

async function useServer(): Promise<ServerInUse> {
  const { HOOKLINE_TEST_DATABASE_URL: url, HOOKLINE_TEST_TEMPLATE: template } = process.env
  if (url && template) return { url, template, leave: async () => undefined }
  own ??= { server: startTestServer(), users: 0 }
  const mine = own
  mine.users += 1
  const server = await mine.server
  return {
    ...server,
    async leave() {
      mine.users -= 1
      if (mine.users > 0) return
      own = undefined
      await server.stop()
    },
  }
}
