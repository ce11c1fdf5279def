import { parseJson } from '../flow/json.ts'
import { type RunError, runStatuses, runTriggers } from '../flow/run.ts'
import type { RunSummary } from './storage.ts'

/** A row of `run` with the name of its flow, as every list of runs reads it. */
export interface RunRow {
  id: string
  account_id: string
  flow_id: string
  flow_name: string | null
  version: number
  status: number
  trigger: number
  live: boolean
  depth: number
  retry_of: string | null
  created_at: Date
  finished_at: Date | null
  resume_at: Date | null
  title: string | null
  error: string | null
  answer_status: number | null
}

/** Of `run r left join flow f`. */
export const runColumns = `r.id, r.account_id, r.flow_id, f.name as flow_name, r.version, r.status, r.trigger, r.live, r.depth, r.retry_of,
  r.created_at, r.finished_at, r.resume_at, r.title, r.error, r.answer_status`

export function toSummary(row: RunRow): RunSummary {
  return {
    id: row.id,
    accountId: row.account_id,
    flowId: row.flow_id,
    flowName: row.flow_name,
    flowVersion: row.version,
    status: runStatuses[row.status]!,
    trigger: runTriggers[row.trigger]!,
    live: row.live,
    title: row.title,
    retryOf: row.retry_of,
    answerStatus: row.answer_status,
    startedAt: row.created_at,
    endedAt: row.finished_at,
    resumeAt: row.resume_at,
    error: row.error === null ? null : (parseJson(row.error) as unknown as RunError & { ref: string }),
  }
}
