import { type Json, type JsonObject, parseJson } from '../flow/json.ts'
import {
  type RequestFacts,
  type RunError,
  type RunInput,
  runStatuses,
  runTriggers,
  type StepRecord,
  stepStatuses,
} from '../flow/run.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database } from './database.ts'
import { firstFinalStatus } from './run-statements.ts'
import type { Page, PageRequest, RunFilter, RunSummary, Runs, StoredRun } from './storage.ts'

interface RunRow {
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

interface StepRowRead {
  run_id: string
  seq: number
  ref: string
  path: string
  attempt: number
  status: number
  label: string | null
  started_at: Date
  ended_at: Date
  input: string
  output: string | null
  output_is_input: boolean
  error: string | null
  request_url: string | null
  response_code: number | null
  resume_at: Date | null
  request: string | null
  variables: string | null
  raw: Buffer | null
}

/** What was stored was within its own limits when it was made; steps may wrap it further. */
const storedLimits = { maxDepth: 5_000, maxNodes: Number.POSITIVE_INFINITY }

const runColumns = `r.id, r.account_id, r.flow_id, f.name as flow_name, r.version, r.status, r.trigger, r.live, r.depth, r.retry_of,
  r.created_at, r.finished_at, r.resume_at, r.title, r.error, r.answer_status`

const stepColumns = `run_id, seq, ref, path, attempt, status, label, started_at, ended_at, input, output, output_is_input, error,
  request_url, response_code, resume_at, request, variables, raw`

/** Reads runs, and ends them from outside. */
export function createRuns(database: Database): Runs {
  return {
    async find(accountId, runId) {
      const { rows } = await database.query<RunRow>({
        name: 'run_find',
        text: `select ${runColumns} from run r left join flow f on f.id = r.flow_id where r.account_id = $1 and r.id = $2`,
        values: [accountId, runId],
      })
      return rows[0] && toSummary(rows[0])
    },

    list: (accountId, filter, page) => listRuns(database, accountId, filter, page),

    async steps(accountId, runId) {
      const { rows } = await database.query<StepRowRead>({
        name: 'run_steps',
        text: `select ${stepColumns} from step
               where run_id = $2 and ref <> '' and exists (select from run where id = $2 and account_id = $1) order by seq`,
        values: [accountId, runId],
      })
      return rows.map((row) => ({ ...toRecord(row), seq: row.seq }))
    },

    unfinished: (runIds) => loadRuns(database, 'r.id = any($1::uuid[]) and r.status < $2', [runIds, firstFinalStatus]),

    async load(accountId, runId) {
      const [run] = await loadRuns(database, 'r.account_id = $1 and r.id = $2', [accountId, runId])
      return run
    },

    async cancel(accountId, runId) {
      const { count } = await database.query({
        text: `with ended as (
                 update run set status = $3, finished_at = clock_timestamp(), resume_at = null
                 where account_id = $1 and id = $2 and status < $4 returning id
               ), gone as (delete from run_lane where run_id in (select id from ended))
               select id from ended`,
        values: [accountId, runId, runStatuses.indexOf('cancelled'), firstFinalStatus],
      })
      return count > 0
    },
  }
}

/** Runs with all their records, in two statements whatever their number. */
async function loadRuns(database: Database, where: string, values: unknown[]): Promise<StoredRun[]> {
  const { rows: runs } = await database.query<RunRow>({
    text: `select ${runColumns} from run r left join flow f on f.id = r.flow_id where ${where} order by r.id`,
    values,
  })
  if (runs.length === 0) return []
  const { rows: steps } = await database.query<StepRowRead>({
    name: 'steps_of_runs',
    text: `select ${stepColumns} from step where run_id = any($1::uuid[]) order by run_id, seq`,
    values: [runs.map(({ id }) => id)],
  })
  const byRun = Map.groupBy(steps, ({ run_id }) => run_id)
  return runs.map((run) => toStored(run, byRun.get(run.id) ?? []))
}

async function listRuns(
  database: Database,
  accountId: string,
  filter: RunFilter,
  { cursor, limit }: PageRequest,
): Promise<Page<RunSummary>> {
  const [before] = readCursor(cursor, 1)
  const where = ['r.account_id = $1']
  const values: unknown[] = [accountId]
  const add = (condition: (place: string) => string, value: unknown) => {
    values.push(value)
    where.push(condition(`$${values.length}`))
  }
  if (before !== undefined) add((place) => `r.id < ${place}`, before)
  if (filter.flowId !== undefined) add((place) => `r.flow_id = ${place}`, filter.flowId)
  if (filter.status) add((place) => `r.status = any(${place}::smallint[])`, filter.status.map(statusNumber))
  if (filter.trigger) add((place) => `r.trigger = ${place}`, runTriggers.indexOf(filter.trigger))
  if (filter.from) add((place) => `r.created_at >= ${place}`, filter.from)
  if (filter.to) add((place) => `r.created_at < ${place}`, filter.to)
  for (const pattern of searchPatterns(filter.text)) {
    add(
      (place) => `(r.title ilike ${place} or r.error ilike ${place} or r.id::text ilike ${place} or exists (
        select from step s where s.run_id = r.id and (s.input ilike ${place} or s.output ilike ${place} or s.error ilike ${place})))`,
      pattern,
    )
  }
  values.push(limit + 1)
  const { rows } = await database.query<RunRow>({
    text: `select ${runColumns} from run r left join flow f on f.id = r.flow_id
           where ${where.join(' and ')} order by r.id desc limit $${values.length}`,
    values,
  })
  const items = rows.slice(0, limit).map(toSummary)
  return { items, nextCursor: rows.length > limit ? writeCursor([items.at(-1)!.id]) : null }
}

/** Every word must be found; `key:value` finds a JSON member whose value begins so. */
function searchPatterns(text: string | undefined): string[] {
  return (text ?? '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, 8)
    .map((word) => {
      const member = /^([A-Za-z0-9_@#-]+):(.+)$/.exec(word)
      if (member === null) return `%${escapeLike(word)}%`
      return `%"${escapeLike(member[1]!)}":%${escapeLike(member[2]!)}%`
    })
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

function statusNumber(status: (typeof runStatuses)[number]): number {
  return runStatuses.indexOf(status)
}

function toSummary(row: RunRow): RunSummary {
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

function toStored(run: RunRow, steps: readonly StepRowRead[]): StoredRun {
  const [first] = steps
  const input = first?.seq === 0 ? first : undefined
  return {
    id: run.id,
    accountId: run.account_id,
    flowId: run.flow_id,
    version: run.version,
    status: runStatuses[run.status]!,
    trigger: runTriggers[run.trigger]!,
    depth: run.depth,
    live: run.live,
    createdAt: run.created_at,
    input: toInput(input),
    raw: input?.raw ?? null,
    nextSeq: (steps.at(-1)?.seq ?? 0) + 1,
    records: steps.filter(({ seq }) => seq > 0).map(toRecord),
  }
}

function toInput(row: StepRowRead | undefined): RunInput {
  if (row === undefined) return { payload: null, request: null, variables: null }
  const request = row.request === null ? null : (parseJson(row.request) as JsonObject)
  return {
    payload: parseJson(row.input, storedLimits),
    request: request && ({ raw_body: row.input, ...request } as unknown as RequestFacts),
    variables: row.variables === null ? null : (parseJson(row.variables, storedLimits) as JsonObject),
  }
}

function toRecord(row: StepRowRead): StepRecord {
  const input: Json = parseJson(row.input, storedLimits)
  return {
    ref: row.ref,
    path: row.path,
    attempt: row.attempt,
    status: stepStatuses[row.status]!,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    label: row.label,
    input,
    output: row.output_is_input ? input : parseJson(row.output ?? 'null', storedLimits),
    error: row.error === null ? null : (parseJson(row.error) as unknown as RunError),
    requestUrl: row.request_url,
    responseCode: row.response_code,
    resumeAt: row.resume_at,
  }
}
