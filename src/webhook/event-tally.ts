import type { Registrations } from '../storage/registrations.ts'
import type { EdgeRow } from './trigger-gate.ts'

/** Counts deliveries of registrations and writes them down now and then: an answer never waits for it. */
export interface EventTallies {
  count(row: EdgeRow): void
  close(): Promise<void>
}

export interface EventTallyOptions {
  registrations: Pick<Registrations, 'noteEvents' | 'wake'>
  now(): Date
  onError(error: unknown): void
}

const flushMs = 2_000

export function createEventTallies({ registrations, now, onError }: EventTallyOptions): EventTallies {
  const counts = new Map<string, { row: EdgeRow; at: Date; count: number }>()
  let writing: Promise<void> = Promise.resolve()

  async function write(batch: { row: EdgeRow; at: Date; count: number }[]): Promise<void> {
    const flows = await registrations.noteEvents(batch.map(({ row, at, count }) => ({ id: row.id, at, count })))
    await registrations.wake(undefined, flows, now())
  }

  function flush(): void {
    if (counts.size === 0) return
    const batch = [...counts.values()]
    counts.clear()
    writing = writing.then(() => write(batch)).catch(onError)
  }

  const timer = setInterval(flush, flushMs).unref()

  return {
    count(row) {
      const known = counts.get(row.id)
      counts.set(row.id, { row, at: now(), count: (known?.count ?? 0) + 1 })
    },
    async close() {
      clearInterval(timer)
      flush()
      await writing
    },
  }
}
