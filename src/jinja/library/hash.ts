/** Digests, in plain arithmetic: the browser's own are asynchronous, a template is not. */

/** The message with its end marked and its length in bits added, as 32-bit words. */
function padded(data: Uint8Array, littleEndian: boolean): DataView {
  const length = Math.ceil((data.length + 9) / 64) * 64
  const bytes = new Uint8Array(length)
  bytes.set(data)
  bytes[data.length] = 0x80
  const view = new DataView(bytes.buffer)
  const bits = BigInt(data.length) * 8n
  view.setBigUint64(length - 8, bits, littleEndian)
  return view
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}

const md5Shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const md5Constants = Int32Array.from({ length: 64 }, (_, index) => Math.floor(Math.abs(Math.sin(index + 1)) * 2 ** 32))

export function md5(data: Uint8Array): Uint8Array {
  const view = padded(data, true)
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
  for (let block = 0; block < view.byteLength; block += 64) {
    let [a, b, c, d] = state as unknown as [number, number, number, number]
    for (let index = 0; index < 64; index++) {
      const [mixed, word] = md5Round(index, b, c, d)
      const sum = (a + mixed + md5Constants[index]! + view.getInt32(block + word * 4, true)) | 0
      a = d
      d = c
      c = b
      b = (b + rotate(sum, md5Shifts[(index >> 4) * 4 + (index & 3)]!)) | 0
    }
    add(state, [a, b, c, d])
  }
  return bytesOf(state, true)
}

function md5Round(index: number, b: number, c: number, d: number): [mixed: number, word: number] {
  if (index < 16) return [(b & c) | (~b & d), index]
  if (index < 32) return [(d & b) | (~d & c), (5 * index + 1) % 16]
  if (index < 48) return [b ^ c ^ d, (3 * index + 5) % 16]
  return [c ^ (b | ~d), (7 * index) % 16]
}

export function sha1(data: Uint8Array): Uint8Array {
  const view = padded(data, false)
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
  const words = new Int32Array(80)
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let index = 0; index < 80; index++) {
      words[index] =
        index < 16
          ? view.getInt32(block + index * 4)
          : rotate(words[index - 3]! ^ words[index - 8]! ^ words[index - 14]! ^ words[index - 16]!, 1)
    }
    let [a, b, c, d, e] = state as unknown as [number, number, number, number, number]
    for (let index = 0; index < 80; index++) {
      const sum = (rotate(a, 5) + sha1Round(index, b, c, d) + e + words[index]!) | 0
      e = d
      d = c
      c = rotate(b, 30)
      b = a
      a = sum
    }
    add(state, [a, b, c, d, e])
  }
  return bytesOf(state, false)
}

function sha1Round(index: number, b: number, c: number, d: number): number {
  if (index < 20) return ((b & c) | (~b & d)) + 0x5a827999
  if (index < 40) return (b ^ c ^ d) + 0x6ed9eba1
  if (index < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
  return (b ^ c ^ d) + 0xca62c1d6
}

const firstPrimes = primes(64)
const sha256Constants = Int32Array.from(firstPrimes, (prime) => fractionBits(Math.cbrt(prime)))
const sha256Start = Int32Array.from(firstPrimes.slice(0, 8), (prime) => fractionBits(Math.sqrt(prime)))

function primes(count: number): number[] {
  const found: number[] = []
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate)
  }
  return found
}

/** The first 32 bits behind the point. */
function fractionBits(value: number): number {
  return ((value % 1) * 2 ** 32) | 0
}

export function sha256(data: Uint8Array): Uint8Array {
  const view = padded(data, false)
  const state = sha256Start.slice()
  const words = new Int32Array(64)
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let index = 0; index < 64; index++)
      words[index] = index < 16 ? view.getInt32(block + index * 4) : sha256Word(words, index)
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
    for (let index = 0; index < 64; index++) {
      const s1 = rotate(e, 26) ^ rotate(e, 21) ^ rotate(e, 7)
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + sha256Constants[index]! + words[index]!) | 0
      const s0 = rotate(a, 30) ^ rotate(a, 19) ^ rotate(a, 10)
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    add(state, [a, b, c, d, e, f, g, h])
  }
  return bytesOf(state, false)
}

function sha256Word(words: Int32Array, index: number): number {
  const [early, late] = [words[index - 15]!, words[index - 2]!]
  const s0 = rotate(early, 25) ^ rotate(early, 14) ^ (early >>> 3)
  const s1 = rotate(late, 15) ^ rotate(late, 13) ^ (late >>> 10)
  return (words[index - 16]! + s0 + words[index - 7]! + s1) | 0
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(64)
  block.set(key.length > 64 ? sha256(key) : key)
  const inner = block.map((byte) => byte ^ 0x36)
  const outer = block.map((byte) => byte ^ 0x5c)
  return sha256(joined(outer, sha256(joined(inner, message))))
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}

function add(state: Int32Array, values: readonly number[]): void {
  for (const [index, value] of values.entries()) state[index] = (state[index]! + value) | 0
}

function bytesOf(state: Int32Array, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(state.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, word] of state.entries()) view.setInt32(index * 4, word, littleEndian)
  return bytes
}
