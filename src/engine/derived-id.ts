import { createHash } from 'node:crypto'

/**
 * A UUID that is always the same for the same run and purpose. It carries the run's own time (UUIDv7), so that runs
 * which this one starts stand beside it in lists.
 */
export function derivedId(runId: string, purpose: string): string {
  const id = createHash('sha256').update(`${runId}|${purpose}`).digest().subarray(0, 16)
  id.set(Buffer.from(runId.replaceAll('-', ''), 'hex').subarray(0, 6))
  id[6] = (id[6]! & 0x0f) | 0x70
  id[8] = (id[8]! & 0x3f) | 0x80
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
