import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { AppError } from '../errors.ts'

/** OWASP's first choice for argon2id (RFC 9106): 19 MiB, two passes, one lane. 30 to 40 ms of one core. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 }
const saltBytes = 16
const hashBytes = 32

/** Each takes a thread of the pool that file and DNS calls share (4 threads), so some must stay free. */
const maxParallel = 2
/** Two seconds' worth of waiting; who comes later is told to come back. */
const maxWaiting = 50

export const minPasswordLength = 12
const maxPasswordLength = 1024

export interface Passwords {
  /** The password's hash as a PHC string, to be stored. Takes any text: `checkNewPassword` says which are good enough. */
  hash(password: string): Promise<string>
  /**
   * Whether `stored` was made from this password. Without a `stored` it is false after the same work, so that
   * the time of the answer does not tell which users exist.
   */
  verify(password: string, stored: string | undefined): Promise<boolean>
}

/**
 * Hashing of passwords, two at a time, so that a flood of logins can't starve webhooks.
 *
 * Errors: `rate_limited` when 50 are waiting already.
 */
export function createPasswords(): Passwords {
  const limited = limitParallel(maxParallel, maxWaiting)
  const nobody = { ...cost, salt: Buffer.alloc(saltBytes), hash: Buffer.alloc(hashBytes) }
  return {
    async hash(password) {
      const salt = randomBytes(saltBytes)
      return formatPhc({ ...cost, salt, hash: await limited(() => derive(password, { ...cost, salt })) })
    },
    async verify(password, stored) {
      const expected = stored === undefined ? nobody : parsePhc(stored)
      const actual = await limited(() => derive(password, expected))
      return timingSafeEqual(actual, expected.hash) && stored !== undefined
    },
  }
}

/**
 * Refuses a password that is too short or among those that everybody tries first. There are no rules about digits and
 * capitals: they make passwords harder to remember, not to guess (NIST SP 800-63B).
 *
 * Errors: `invalid_request`.
 */
export function checkNewPassword(password: string): void {
  const length = [...password].length
  if (length < minPasswordLength) {
    throw new AppError(
      'invalid_request',
      `The password has ${length} characters and needs at least ${minPasswordLength}: four words that don't belong together are easy to remember and hard to guess`,
    )
  }
  if (length > maxPasswordLength) {
    throw new AppError('invalid_request', `The password has over ${maxPasswordLength} characters`)
  }
  if (isCommon(password)) {
    throw new AppError('invalid_request', 'The password is one of the first that attackers try: choose another')
  }
}

/** What people make their passwords of when asked for a longer one: `Password1234!`, `hookline-hookline`. */
const commonWords =
  /^(password|passwort|pass|admin|administrator|root|user|login|welcome|willkommen|letmein|iloveyou|sunshine|princess|football|baseball|dragon|monkey|superman|batman|trustno|master|shadow|secret|changeme|default|test|qwerty|qwertz|azerty|qwertyuiop|qwertzuiop|asdfghjkl|zxcvbnm|abc|abcd|abcdef|hookline|webhook)+$/
const sequences =
  'abcdefghijklmnopqrstuvwxyz 01234567890123456789 98765432109876543210 qwertyuiopasdfghjklzxcvbnm 1q2w3e4r5t6y7u8i 1qaz2wsx3edc4rfv5tgb'
const lookAlikes: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
}

function isCommon(password: string): boolean {
  const text = password.toLowerCase()
  if (new Set(text).size <= 3 || sequences.includes(text)) return true
  const core = text.replace(/[^a-z]+$|^[^a-z]+/g, '')
  const disguised = core.replace(/[013457@$]/g, (sign) => lookAlikes[sign] ?? sign)
  return [core, disguised].some((each) => commonWords.test(each.replace(/[^a-z]/g, '')))
}

const argon2Async = promisify(argon2)

function derive(password: string, from: typeof cost & { salt: Buffer }): Promise<Buffer> {
  // The same characters can be composed differently by different keyboards (NIST SP 800-63B: normalise).
  const message = Buffer.from(password.normalize('NFKC'))
  const { memory, passes, parallelism } = from
  return argon2Async('argon2id', { message, nonce: from.salt, tagLength: hashBytes, memory, passes, parallelism })
}

interface Phc {
  memory: number
  passes: number
  parallelism: number
  salt: Buffer
  hash: Buffer
}

/** `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`, Base64 without padding, as every other argon2 library writes it. */
function formatPhc({ memory, passes, parallelism, salt, hash }: Phc): string {
  const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(hash)}`
}

/** Hashes of former costs stay good: the string says what they were made with. */
function parsePhc(text: string): Phc {
  const parts = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([\w+/]+)\$([\w+/]{43})$/.exec(text)
  if (!parts) throw new Error('a stored password hash is not an argon2id PHC string')
  const [memory = 0, passes = 0, parallelism = 0] = parts.slice(1, 4).map(Number)
  const [salt, hash] = parts.slice(4).map((part) => Buffer.from(part, 'base64'))
  return { memory, passes, parallelism, salt: salt!, hash: hash! }
}

/** Runs at most `parallel` jobs at a time, in order; refuses when `waiting` more are there already. */
function limitParallel(parallel: number, waiting: number) {
  const queue: (() => void)[] = []
  let running = 0
  return async <Result>(job: () => Promise<Result>): Promise<Result> => {
    if (running >= parallel) {
      if (queue.length >= waiting) {
        throw new AppError('rate_limited', 'Too many logins at once: try again in a few seconds', {
          headers: { 'Retry-After': '5' },
        })
      }
      // Whoever finishes hands its place over, so `running` stays as it is.
      await new Promise<void>((start) => queue.push(start))
    } else {
      running += 1
    }
    try {
      return await job()
    } finally {
      const next = queue.shift()
      if (next) next()
      else running -= 1
    }
  }
}
