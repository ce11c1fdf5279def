import type { JsonObject } from '../flow/json.ts'
import type { RunError } from '../flow/run.ts'
import { RunLost } from '../flow/run.ts'
import { jobKinds } from '../storage/queue.ts'
import type { RunWriter } from '../storage/run-writer.ts'
import type { Runs, StoredRun } from '../storage/storage.ts'

/**
 * Ends runs whose job has used up its attempts: the job kind `give_up_runs`, the dead letter of `run_flow`.
 *
 * A failing step ends its run by itself, so such a run did worse: each time it was walked, its process died or fell
 * silent. It ends as an error that says so, and can be run again.
 */
export async function giveUpRuns(
  data: JsonObject,
  { runs, writer, now }: { runs: Runs; writer: RunWriter; now(): Date },
): Promise<void> {
  const ids = Array.isArray(data.ids) ? data.ids.filter((id) => typeof id === 'string') : []
  const unfinished = await runs.unfinished(ids)
  await Promise.all(
    unfinished.map(async (run) => {
      const outcome = { status: 'error', ref: run.records.at(-1)?.ref ?? '', error: gaveUp(run) } as const
      try {
        const end = { outcome, at: now(), title: null, keep: 'all', laned: true, tells: true } as const
        await writer.resume(run, run.nextSeq, null).end(end)
      } catch (error) {
        // It was cancelled this very moment.
        if (!(error instanceof RunLost)) throw error
      }
    }),
  )
}

const attempts = jobKinds.run_flow.retries + 1

function gaveUp({ records }: StoredRun): RunError {
  const last = records.at(-1)
  const where = last === undefined ? 'before its first step was recorded' : `after the step "${last.ref}"`
  return {
    kind: 'gave_up',
    message:
      `the run was given up ${where}: in ${attempts} attempts the process that ran it died or stopped answering each time. ` +
      'A step that takes more memory than there is does that; the log of the worker says how it ended. Once the cause is mended, run it again',
    details: { attempts },
  }
}
