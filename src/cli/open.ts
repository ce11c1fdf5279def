import { type Config, readConfig } from '../config.ts'
import { openStorage, type Storage } from '../storage/open-storage.ts'

/**
 * Runs a command's work on the storage: beside a running server or without one, on a fresh data directory or a used
 * one. Only warnings are said, on standard error.
 */
export async function withStorage<Result>(
  work: (storage: Storage, config: Config) => Promise<Result>,
): Promise<Result> {
  const config = readConfig()
  const storage = await openStorage({
    settings: { ...config, databasePool: 2 },
    now: () => new Date(),
    log: { info: () => undefined, warn: (message) => console.error(message) },
  })
  try {
    return await work(storage, config)
  } finally {
    await storage.close()
  }
}
