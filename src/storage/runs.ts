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
import type { Database } from './database.ts'
import { type RunRow, runColumns, toSummary } from './run-row.ts'
import { countRuns, listRuns } from './run-search.ts'
import { firstFinalStatus } from './run-statements.ts'
import type { Runs, StepFacts, StoredRun } from './storage.ts'

interface StepFactsRow {
  run_id: string
  seq: number
  ref: string
  path: string
  attempt: number
  status: number
  label: string | null
  started_at: Date
  ended_at: Date
  error: string | null
  request_url: string | null
  response_code: number | null
  resume_at: Date | null
}

interface StepRowRead extends StepFactsRow {
  input: string
  output: string | null
  output_is_input: boolean
  request: string | null
  variables: string | null
  raw: Buffer | null
}

/** What was stored was within its own limits when it was made; steps may wrap it further. */
const storedLimits = { maxDepth: 5_000, maxNodes: Number.POSITIVE_INFINITY }

const stepFacts = `run_id, seq, ref, path, attempt, status, label, started_at, ended_at, error, request_url, response_code, resume_at`
const stepColumns = `${stepFacts}, input, output, output_is_input, request, variables, raw`

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

    count: (accountId, filter) => countRuns(database, accountId, filter),

    async lastOf(accountId, flowIds) {
      const { rows } = await database.query<RunRow>({
        name: 'run_last_of_flows',
        text: `select ${runColumns.replace('f.name', 'null::text')} from unnest($2::uuid[]) flow(id)
               cross join lateral (select * from run where flow_id = flow.id order by id desc limit 1) r where r.account_id = $1`,
        values: [accountId, flowIds],
      })
      return new Map(rows.map((row) => [row.flow_id, toSummary(row)]))
    },

    async steps(accountId, runId) {
      const { rows } = await database.query<StepRowRead>({
        name: 'run_steps',
        text: `select ${stepColumns} from step
               where run_id = $2 and ref <> '' and exists (select from run where id = $2 and account_id = $1) order by seq`,
        values: [accountId, runId],
      })
      return rows.map((row) => ({ ...toRecord(row), seq: row.seq }))
    },

    async stepFacts(accountId, runId) {
      // The length of a text that is stored apart is in the reference to it: no payload is read for this.
      const { rows } = await database.query<StepFactsRow & { input_size: number; output_size: number }>({
        name: 'run_step_facts',
        text: `select ${stepFacts}, coalesce(octet_length(input), 0) as input_size,
                 coalesce(octet_length(case when output_is_input then input else output end), 0) as output_size from step
               where run_id = $2 and ref <> '' and exists (select from run where id = $2 and account_id = $1) order by seq`,
        values: [accountId, runId],
      })
      return rows.map((row) => ({
        ...toFacts(row),
        seq: row.seq,
        inputBytes: row.input_size,
        outputBytes: row.output_size,
      }))
    },

    async payload(accountId, runId, seq, side) {
      const { rows } = await database.query<{ text: string | null }>({
        name: `run_${side}`,
        text: `select ${side === 'input' ? 'input' : 'case when output_is_input then input else output end'} as text from step
               where run_id = $2 and seq = $3 and ref <> '' and exists (select from run where id = $2 and account_id = $1)`,
        values: [accountId, runId, seq],
      })
      return rows[0] && parseJson(rows[0].text ?? 'null', storedLimits)
    },

    async started(accountId, runId) {
      const { rows } = await database.query<StepRowRead>({
        name: 'run_started_with',
        text: `select ${stepColumns} from step
               where run_id = $2 and seq = 0 and exists (select from run where id = $2 and account_id = $1)`,
        values: [accountId, runId],
      })
      return rows[0] && { input: toInput(rows[0]), raw: rows[0].raw }
    },

    unfinished: (runIds) => loadRuns(database, unfinishedRuns, [runIds, firstFinalStatus]),

    async load(accountId, runId) {
      const [run] = await loadRuns(database, oneRun, [accountId, runId])
      return run
    },

    async cancel(accountId, runId) {
      const { count } = await database.query({
        name: 'run_cancel',
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

const unfinishedRuns = { name: 'runs_unfinished', where: 'r.id = any($1::uuid[]) and r.status < $2' }
const oneRun = { name: 'run_load', where: 'r.account_id = $1 and r.id = $2' }

/** Runs with all their records, in two statements whatever their number. */
async function loadRuns(
  database: Database,
  { name, where }: { name: string; where: string },
  values: unknown[],
): Promise<StoredRun[]> {
  const { rows: runs } = await database.query<RunRow>({
    name,
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
    resumeAt: run.resume_at,
    isKept: input !== undefined,
    input: toInput(input),
    raw: input?.raw ?? null,
    nextSeq: (steps.at(-1)?.seq ?? 0) + 1,
    characters: steps.reduce((sum, step) => sum + step.input.length + (step.output?.length ?? 0), 0),
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
  const output = row.output_is_input ? input : parseJson(row.output ?? 'null', storedLimits)
  return { ...toFacts(row), input, output }
}

function toFacts(row: StepFactsRow): StepFacts {
  return {
    ref: row.ref,
    path: row.path,
    attempt: row.attempt,
    status: stepStatuses[row.status]!,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    label: row.label,
    error: row.error === null ? null : (parseJson(row.error) as unknown as RunError),
    requestUrl: row.request_url,
    responseCode: row.response_code,
    resumeAt: row.resume_at,
  }
}
