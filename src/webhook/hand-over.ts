import { type Clock, systemClock } from '../clock.ts'
import type { RunInput } from '../flow/run.ts'
import type { RunStart, StoredRun } from '../storage/storage.ts'

/** Runs that this process has just accepted, so that its worker need not read them back. */
export interface HandOver {
  /** Before the commit that starts the run; what does not fit is read from the database like any other. */
  offer(start: RunStart, input: RunInput): void
  /** The run, once. */
  take(runId: string): StoredRun | undefined
}

/** Another process has fetched the job by then; ids are handed out in order, so the oldest come first. */
const heldMs = 10_000
/** Characters of payloads held at most: what a worker is behind by a second under full load. */
const maxCharacters = 32 * 1024 * 1024

/**
 * Hands runs over in memory: a run is offered before its job can be fetched, and taken by the one who has claimed that job
 * first. Another process may have been faster; so only a job whose runs nobody has walked may take from here.
 */
export function createHandOver({ elapsedMs }: Pick<Clock, 'elapsedMs'> = systemClock): HandOver {
  const runs = new Map<string, { run: StoredRun; size: number; until: number }>()
  let characters = 0

  function forgetOld(): void {
    const now = elapsedMs()
    for (const [id, { size, until }] of runs) {
      if (until > now) return
      runs.delete(id)
      characters -= size
    }
  }

  return {
    offer(start, input) {
      forgetOld()
      if (characters + start.payload.length > maxCharacters) return
      characters += start.payload.length
      const run: StoredRun = {
        id: start.id,
        accountId: start.accountId,
        flowId: start.flowId,
        version: start.version,
        status: 'queued',
        trigger: start.trigger,
        depth: start.depth,
        live: start.live,
        createdAt: start.createdAt,
        resumeAt: null,
        input,
        raw: null,
        records: [],
        nextSeq: 1,
      }
      runs.set(start.id, { run, size: start.payload.length, until: elapsedMs() + heldMs })
    },
    take(runId) {
      const known = runs.get(runId)
      if (known === undefined) return undefined
      runs.delete(runId)
      characters -= known.size
      return known.run
    },
  }
}
