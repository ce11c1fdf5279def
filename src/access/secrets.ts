import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

// Layout: version (1 byte), key id (4), nonce (12), ciphertext, tag (16).
const version = 1
const keyIdEnd = 5
const nonceEnd = 17
const tagBytes = 16

/** Something sealed can't be opened; the message says what to do about it. */
export class UnsealError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'UnsealError'
  }
}

export interface Sealer {
  /** Encrypts and authenticates. Sealing the same text twice gives different bytes, 33 longer than the text. */
  seal(plaintext: string | Buffer, context: string): Buffer
  /**
   * The plaintext. Errors: `UnsealError` when the key is missing, the bytes are damaged, or they were sealed in another
   * context.
   */
  open(sealed: Buffer, context: string): Buffer
  /** Of the keys it opens with: the second to fifth byte of what they have sealed. */
  readonly keyIds: readonly Buffer[]
}

/**
 * Seals secrets at rest with AES-256-GCM. The first key seals, all of them open: to change the key, put the new one in
 * front and leave the old one until nothing is sealed with it.
 *
 * The context (such as account and row id) is not stored but must be the same when opening, so that a sealed value
 * copied into another row or account is of no use there.
 *
 * Random 96-bit nonces are safe for 2^32 values a key (NIST SP 800-38D 8.3).
 */
export function createSealer(secretKey: Buffer, ...formerKeys: Buffer[]): Sealer {
  const keys = [secretKey, ...formerKeys].map((key) => ({
    id: deriveKey(key, 'seal: key id').subarray(0, 4),
    key: deriveKey(key, 'seal'),
  }))
  const current = keys[0]!
  return {
    keyIds: keys.map(({ id }) => id),
    seal(plaintext, context) {
      const head = Buffer.concat([Buffer.of(version), current.id, randomBytes(nonceEnd - keyIdEnd)])
      const cipher = createCipheriv('aes-256-gcm', current.key, head.subarray(keyIdEnd))
      cipher.setAAD(authenticated(head, context))
      const ciphertext = typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext)
      return Buffer.concat([head, ciphertext, cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, context) {
      if (sealed.length < nonceEnd + tagBytes || sealed[0] !== version) {
        throw new UnsealError('This is not a sealed value, or one of a newer version of Hookline')
      }
      const head = sealed.subarray(0, nonceEnd)
      const id = head.subarray(1, keyIdEnd)
      const key = keys.find((each) => each.id.equals(id))?.key
      if (!key)
        throw wrongKey(
          id,
          keys.map((each) => each.id),
        )
      const decipher = createDecipheriv('aes-256-gcm', key, head.subarray(keyIdEnd), { authTagLength: tagBytes })
      decipher.setAAD(authenticated(head, context))
      decipher.setAuthTag(sealed.subarray(-tagBytes))
      const start = decipher.update(sealed.subarray(nonceEnd, -tagBytes))
      try {
        return Buffer.concat([start, decipher.final()])
      } catch (cause) {
        throw new UnsealError('A sealed value is damaged, or was sealed for another row or account', cause)
      }
    },
  }
}

/** A key of 32 bytes for one purpose; keys of different purposes tell nothing about each other (HKDF, RFC 5869). */
export function deriveKey(secretKey: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, 'hookline', purpose, 32))
}

function authenticated(head: Buffer, context: string): Buffer {
  return Buffer.concat([head.subarray(0, keyIdEnd), Buffer.from(context)])
}

function wrongKey(id: Buffer, known: readonly Buffer[]): UnsealError {
  const names = known.map((each) => each.toString('hex')).join(', ')
  return new UnsealError(
    `A secret was sealed with the key ${id.toString('hex')}, and the key here is ${names}: set HOOKLINE_SECRET_KEY to the one it was sealed with, or HOOKLINE_SECRET_KEY_PREVIOUS if it was changed on purpose`,
  )
}
