import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { findSecretKey, keyCheck, stretchSecret } from '../access/secret-key.ts'
import { type Config, readConfig } from '../config.ts'
import { readBackup } from '../storage/backup.ts'
import type { Database } from '../storage/database.ts'
import { openServer } from '../storage/open-storage.ts'
import { restoreBackup } from '../storage/restore.ts'
import { orLeaveAsItWas } from './as-it-was.ts'
import { CommandError } from './failure.ts'

/**
 * `backup`: writes everything in the database to one file, beside a running server or without one. The file appears
 * under its name only once it is whole and on disk.
 */
export async function backup(target: string): Promise<void> {
  const config = readConfig()
  const secretKey = await findSecretKey(config.secretKey, config.dataDir)
  if (secretKey === undefined) {
    throw new CommandError(
      `there is no secret key (${join(config.dataDir, 'secret.key')}), which a backup must know by sight: set HOOKLINE_DATA_DIR or HOOKLINE_SECRET_KEY as for the server. If the key is lost, start the server once, and it makes another`,
    )
  }
  await withServer(config, async (database) => {
    const path = await fileFor(target, new Date())
    const unfinished = `${path}.unfinished`
    const chunks = readBackup(database, { keyCheck: keyCheck(secretKey), progress: say })
    try {
      await pipeline(
        Readable.from(chunks, { objectMode: false }),
        createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_compressionLevel]: 3 } }),
        createWriteStream(unfinished, { mode: 0o600, flush: true }),
      )
      await rename(unfinished, path)
      await syncDirectory(dirname(path))
    } catch (error) {
      await rm(unfinished, { force: true })
      throw mendable(error)
    }
    const { size } = await stat(path)
    console.log(path)
    console.error(`${(size / 1e6).toFixed(1)} MB. ${keyNotice(config)}`)
  })
}

/** `restore`: brings an empty data directory or database to what a backup says; where it fails, the directory stays as it was. */
export async function restore(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined))?.isFile() !== true) throw new CommandError(`there is no file ${path}`)
  const config = readConfig()
  const keys = await knownKeys(config)
  if (keys.length === 0) {
    throw new CommandError(
      `there is no secret key: set HOOKLINE_SECRET_KEY to that of the backup, or put its secret.key into ${config.dataDir}`,
    )
  }
  await orLeaveAsItWas(config.dataDir, () => restoreFile(path, config, keys))
}

async function knownKeys({ secretKey, secretKeyPrevious, dataDir }: Config): Promise<Buffer[]> {
  const current = await findSecretKey(secretKey, dataDir)
  const former =
    secretKeyPrevious === undefined ? undefined : stretchSecret(secretKeyPrevious, 'HOOKLINE_SECRET_KEY_PREVIOUS')
  return [current, former].filter((key) => key !== undefined)
}

async function restoreFile(path: string, config: Config, keys: readonly Buffer[]): Promise<void> {
  await withServer(config, async (database) => {
    const file = createReadStream(path)
    const plain = createZstdDecompress()
    // What is wrong with the file is told by whoever reads the other end.
    const decompressing = pipeline(file, plain).catch(() => undefined)
    try {
      const { takenAt, rows } = await restoreBackup(database, plain, {
        keyChecks: keys.map(keyCheck),
        progress: say,
        warn: (message) => console.error(message),
      })
      console.error(`Restored the backup of ${takenAt}: ${rows.flow} flows, ${rows.run} runs. It can be started now.`)
    } catch (error) {
      throw mendable(error)
    } finally {
      file.destroy()
      plain.destroy()
      await decompressing
    }
  })
}

/** A directory gets a file with the time in its name. */
async function fileFor(target: string, now: Date): Promise<string> {
  const found = await stat(target).catch(() => undefined)
  if (found?.isDirectory()) return join(target, `hookline-${now.toISOString().replaceAll(/[:.]/g, '-')}.backup`)
  if (found !== undefined) throw new CommandError(`${target} is there already: name another file, or a directory`)
  if (target.endsWith('/')) throw new CommandError(`there is no directory ${target}`)
  const parent = await stat(dirname(target)).catch(() => undefined)
  if (!parent?.isDirectory()) throw new CommandError(`there is no directory ${dirname(target)}`)
  return target
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path)
  await directory.sync()
}

function say(section: string, rows: number | undefined): void {
  if (rows !== undefined) console.error(`${section}: ${rows} rows`)
}

function keyNotice({ secretKey, dataDir }: Config): string {
  const source = secretKey === undefined ? join(dataDir, 'secret.key') : 'HOOKLINE_SECRET_KEY'
  return `The secret key (${source}) is not in it: keep a copy of it elsewhere, for nothing can be restored without it.`
}

/** A file that can't be read or written, or is not whole, is nothing to show a stack for. */
function mendable(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ZSTD_error_prefix_unknown') return new CommandError('this is no backup of Hookline')
  if (code === 'Z_BUF_ERROR') return new CommandError('the backup is cut off: its end is missing')
  if (code.startsWith('ZSTD_')) return new CommandError(`the backup is damaged: ${(error as Error).message}`)
  return /^E[A-Z]+$/.test(code) ? new CommandError(`the backup file: ${(error as Error).message}`) : error
}

/** The database as it is: its tables are not brought up to date, which is for after the backup. */
async function withServer(config: Config, work: (database: Database) => Promise<void>): Promise<void> {
  const log = { info: () => undefined, warn: (message: string) => console.error(message) }
  const { database, close } = await openServer({ settings: { ...config, databasePool: 2 }, log })
  try {
    await work(database)
  } finally {
    await close()
  }
}
