import { createHash, randomBytes, randomUUID, scryptSync } from 'node:crypto'
import { constants, link, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

const minLength = 32

/** There is no usable secret key; the message says how to mend it. */
export class SecretKeyError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'SecretKeyError'
  }
}

/**
 * The key from which all others are derived: the given text, or else the one kept in `{dataDir}/secret.key`, which is
 * made at the first start. Two processes that start at once get the same one.
 *
 * Hex, Base64 or words: the text itself is stretched, so there is no guessing what it was meant to be, and moving it from
 * the file into HOOKLINE_SECRET_KEY changes nothing.
 *
 * Errors: `SecretKeyError` when the text is shorter than 32 characters, others may read the file, or it can't be made.
 */
export async function readSecretKey(given: string | undefined, dataDir: string): Promise<Buffer> {
  if (given !== undefined) return stretchSecret(given, 'HOOKLINE_SECRET_KEY')
  const path = join(dataDir, 'secret.key')
  const text = (await readKeyFile(path)) ?? (await makeKeyFile(dataDir, path).catch(cannotBeMade(path)))
  return stretchSecret(text, path)
}

/** As `readSecretKey`, but makes none: for what is of no use with a key that nothing was sealed with. */
export async function findSecretKey(given: string | undefined, dataDir: string): Promise<Buffer | undefined> {
  if (given !== undefined) return stretchSecret(given, 'HOOKLINE_SECRET_KEY')
  const path = join(dataDir, 'secret.key')
  const text = await readKeyFile(path)
  return text === undefined ? undefined : stretchSecret(text, path)
}

/** A key of 32 bytes from a text, 30 ms of one core: that makes guessing a text that someone thought up expensive. */
export function stretchSecret(text: string, source: string): Buffer {
  const secret = text.trim()
  if (secret.length < minLength) {
    throw new SecretKeyError(
      `${source} has ${secret.length} characters and needs at least ${minLength}: take the output of: openssl rand -base64 32`,
    )
  }
  // The salt is fixed because there is nowhere to keep one, and the secret is one of its kind.
  return scryptSync(secret, 'hookline secret key', 32, { N: 16_384, r: 8, p: 1 })
}

/** Tells one stretched key from others: kept beside what is sealed with it, and no help in finding it. */
export function keyCheck(secretKey: Buffer): string {
  return createHash('sha256').update('hookline key check').update(secretKey).digest('hex').slice(0, 16)
}

async function readKeyFile(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new SecretKeyError(`${path} can't be read: ${error.message}`, error)
  })
  if (!file) return undefined
  await using opened = file
  // Asked of the open file, not of the path, so that what was checked is what is read.
  const { mode } = await opened.stat()
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new SecretKeyError(
      `${path} can be read by other users (mode ${(mode & 0o777).toString(8)}): run chmod 600 ${path}, and change the key if someone else may have seen it`,
    )
  }
  return opened.readFile('utf8')
}

function cannotBeMade(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof SecretKeyError) throw error
    const reason = error instanceof Error ? error.message : error
    throw new SecretKeyError(
      `${path} can't be made: ${reason}. Set HOOKLINE_DATA_DIR to a directory that this user may write to`,
      error,
    )
  }
}

/** Written elsewhere and then linked, so that nobody ever sees half a key, and of two processes one wins. */
async function makeKeyFile(dataDir: string, path: string): Promise<string> {
  await mkdir(dataDir, { recursive: true })
  const draft = `${path}.${randomUUID()}`
  try {
    await writeDurably(draft, `${randomBytes(32).toString('base64url')}\n`)
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error // EEXIST: another process was faster, and its key counts
    })
  } finally {
    await rm(draft, { force: true })
  }
  await syncDirectory(dataDir)
  const text = await readKeyFile(path)
  if (text === undefined) throw new SecretKeyError(`${path} vanished right after it was written`)
  return text
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(text)
  await file.sync()
}

/** Without it a power cut could lose the key although secrets sealed with it are on disk. */
async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, constants.O_RDONLY)
  await directory.sync()
}
