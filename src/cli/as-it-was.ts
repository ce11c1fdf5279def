import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { serverProcess } from '../storage/postgres-cluster.ts'

/**
 * Does work that may make a database in the data directory, and removes that again when the work fails, so that a second
 * attempt finds what the first one found.
 *
 * Nothing is removed where another process has settled in the directory meanwhile: its server runs, or it has written
 * something else.
 */
export async function orLeaveAsItWas<Result>(dataDir: string, work: () => Promise<Result>): Promise<Result> {
  const before = await entriesOf(dataDir)
  try {
    return await work()
  } catch (error) {
    await removeMade(dataDir, before)
    throw error
  }
}

/** The cluster, its log, and the programs that were copied for it. */
const ofDatabase = /^postgres/

async function removeMade(dataDir: string, before: readonly string[] | undefined): Promise<void> {
  const made = (await entriesOf(dataDir))?.filter((name) => before?.includes(name) !== true)
  if (made === undefined || serverProcess(join(dataDir, 'postgres')) !== undefined) return
  if (!made.every((name) => ofDatabase.test(name))) return
  for (const name of made) await rm(join(dataDir, name), { recursive: true, force: true })
  if (before === undefined) await rmdir(dataDir)
}

/** Undefined when there is no such directory. One that can't be read is told of by what needs it. */
async function entriesOf(directory: string): Promise<string[] | undefined> {
  return readdir(directory).catch(() => undefined)
}
