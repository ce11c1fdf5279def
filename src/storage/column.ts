/**
 * Columns of many rows as parameters of one statement, in PostgreSQL's binary form of arrays (`array_send`: the number of
 * dimensions, whether nulls occur, the element type; then size and lower bound; then each element after its length, -1 for
 * null).
 *
 * The driver writes an array as text, escaping every element, and the server parses it again. On the path of every webhook
 * that is a tenth of the process's time and a fifth of its garbage.
 */

/** OIDs of element types, from `pg_type.dat`; they never change. */
const oid = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, text: 25, timestamptz: 1184, uuid: 2950 } as const

const headBytes = 20

export function uuids(values: readonly (string | null)[]): Buffer {
  return column(oid.uuid, values, values.length * 16, writeUuid)
}

export function booleans(values: readonly (boolean | null)[]): Buffer {
  return column(oid.bool, values, values.length, (buffer, value, at) => buffer.writeUInt8(value ? 1 : 0, at) - at)
}

export function smallints(values: readonly (number | null)[]): Buffer {
  return column(oid.int2, values, values.length * 2, (buffer, value, at) => buffer.writeInt16BE(value, at) - at)
}

export function integers(values: readonly (number | null)[]): Buffer {
  return column(oid.int4, values, values.length * 4, (buffer, value, at) => buffer.writeInt32BE(value, at) - at)
}

/** For `bigint` columns; exact up to 2^53. */
export function bigintegers(values: readonly (number | null)[]): Buffer {
  return column(oid.int8, values, values.length * 8, writeInt64)
}

export function timestamps(values: readonly (Date | null)[]): Buffer {
  return column(oid.timestamptz, values, values.length * 8, (buffer, value, at) =>
    writeInt64(buffer, (value.getTime() - postgresEpochMs) * 1000, at),
  )
}

/** Errors: the server refuses a text with the character U+0000. */
export function texts(values: readonly (string | null)[]): Buffer {
  return column(oid.text, values, total(values, Buffer.byteLength), (buffer, value, at) => buffer.write(value, at))
}

export function byteStrings(values: readonly (Uint8Array | null)[]): Buffer {
  const bytes = total(values, ({ length }) => length)
  return column(oid.bytea, values, bytes, (buffer, value, at) => {
    buffer.set(value, at)
    return value.length
  })
}

/** Timestamps count microseconds from here. */
const postgresEpochMs = Date.UTC(2000, 0, 1)

/** Writes a value and returns its size in bytes. */
type Write<Value> = (buffer: Buffer, value: Value, at: number) => number

function column<Value>(type: number, values: readonly (Value | null)[], bytes: number, write: Write<Value>): Buffer {
  const buffer = Buffer.allocUnsafe(headBytes + values.length * 4 + bytes)
  let at = headBytes
  let hasNull = 0
  for (const value of values) {
    if (value === null) {
      hasNull = 1
      at = buffer.writeInt32BE(-1, at)
      continue
    }
    const size = write(buffer, value, at + 4)
    at = buffer.writeInt32BE(size, at) + size
  }
  buffer.writeInt32BE(1, 0)
  buffer.writeInt32BE(hasNull, 4)
  buffer.writeInt32BE(type, 8)
  buffer.writeInt32BE(values.length, 12)
  buffer.writeInt32BE(1, 16)
  return buffer.subarray(0, at)
}

function total<Value>(values: readonly (Value | null)[], bytesOf: (value: Value) => number): number {
  let bytes = 0
  for (const value of values) if (value !== null) bytes += bytesOf(value)
  return bytes
}

/** In two halves: a `BigInt` for each would be garbage. */
function writeInt64(buffer: Buffer, value: number, at: number): number {
  buffer.writeInt32BE(Math.floor(value / 2 ** 32), at)
  buffer.writeUInt32BE(value >>> 0, at + 4)
  return 8
}

function writeUuid(buffer: Buffer, value: string, at: number): number {
  let byte = at
  for (let index = 0; index < 36; index += 2) {
    if (value.charCodeAt(index) === hyphen) index++
    buffer[byte++] = (nibble(value.charCodeAt(index)) << 4) | nibble(value.charCodeAt(index + 1))
  }
  return 16
}

const hyphen = 0x2d

/** Of a hexadecimal digit in either case. */
function nibble(code: number): number {
  return code < 0x40 ? code - 0x30 : (code & 0x0f) + 9
}
