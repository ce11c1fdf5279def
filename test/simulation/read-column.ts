/** Reads what `src/storage/column.ts` writes: PostgreSQL's binary form of arrays. Times become ms since 1970. */
export function readColumn(buffer: Buffer): unknown[] {
  const type = buffer.readInt32BE(8)
  const values: unknown[] = []
  let at = 20
  for (let left = buffer.readInt32BE(12); left > 0; left--) {
    const size = buffer.readInt32BE(at)
    at += 4
    values.push(size === -1 ? null : readValue(type, buffer.subarray(at, at + size)))
    at += Math.max(0, size)
  }
  return values
}

const postgresEpochMs = Date.UTC(2000, 0, 1)

/** By the OIDs of `pg_type.dat`. */
function readValue(type: number, bytes: Buffer): unknown {
  switch (type) {
    case 16:
      return bytes[0] === 1
    case 20:
      return Number(bytes.readBigInt64BE())
    case 21:
      return bytes.readInt16BE()
    case 23:
      return bytes.readInt32BE()
    case 25:
      return bytes.toString()
    case 1184:
      return Number(bytes.readBigInt64BE()) / 1000 + postgresEpochMs
    case 2950:
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    default:
      return bytes
  }
}
