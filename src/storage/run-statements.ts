import { type Json, stringifyJson } from '../flow/json.ts'
import {
  type HeldStatus,
  type RunStatus,
  runStatuses,
  runTriggers,
  type StepRecord,
  type StepStatus,
  stepStatuses,
} from '../flow/run.ts'
import { bigintegers, booleans, byteStrings, integers, smallints, texts, timestamps, uuids } from './column.ts'
import type { Transaction } from './database.ts'
import type { RunEnd, RunStart } from './storage.ts'

/** The SQL of writing runs. Rows go in as one array per column: a statement's text is the same for any number of rows. */

/** Whether a run is over with this: it does not rest. */
export function isFinal({ outcome }: RunEnd): boolean {
  return outcome.status !== 'waiting' && outcome.status !== 'retrying'
}

/** A step record as it is stored; JSON as text. */
export interface StepRow {
  runId: string
  seq: number
  ref: string
  path: string
  attempt: number
  status: StepStatus
  label: string | null
  startedAt: Date
  endedAt: Date
  input: string
  output: string | null
  outputIsInput: boolean
  error: string | null
  requestUrl: string | null
  responseCode: number | null
  resumeAt: Date | null
  request: string | null
  variables: string | null
  raw: Uint8Array | null
}

/** Statuses from here on are final. */
export const firstFinalStatus = runStatuses.indexOf('success')

export function stepRow(runId: string, seq: number, record: StepRecord): StepRow {
  // The webhook and dict steps yield their very input; it is written once.
  const outputIsInput = record.output === record.input && record.output !== null
  return {
    runId,
    seq,
    ref: record.ref,
    path: record.path,
    attempt: record.attempt,
    status: record.status,
    label: record.label,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    input: stringifyJson(record.input),
    output: outputIsInput ? null : stringifyJson(record.output),
    outputIsInput,
    error: record.error === null ? null : stringifyJson(record.error as unknown as Json),
    requestUrl: record.requestUrl,
    responseCode: record.responseCode,
    resumeAt: record.resumeAt,
    request: null,
    variables: null,
    raw: null,
  }
}

type NewRun = RunStart & { status: RunStatus; end: RunEnd | null }

/** Parameters of the two inserts of runs, a column each, and what they are called. */
const newRuns = `unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::int[], $6::smallint[], $7::smallint[],
    $8::boolean[], $9::smallint[], $10::uuid[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[],
    $15::timestamptz[], $16::smallint[])
  as t(id, account_id, revision, flow_id, version, status, trigger, live, depth, retry_of, created_at, finished_at,
    title, error, resume_at, answer_status)`

function newRunColumns(runs: readonly NewRun[]): unknown[] {
  return [
    uuids(runs.map(({ id }) => id)),
    uuids(runs.map(({ accountId }) => accountId)),
    bigintegers(runs.map(({ revision }) => revision)),
    uuids(runs.map(({ flowId }) => flowId)),
    integers(runs.map(({ version }) => version)),
    smallints(runs.map(({ status }) => runStatuses.indexOf(status))),
    smallints(runs.map(({ trigger }) => runTriggers.indexOf(trigger))),
    booleans(runs.map(({ live }) => live)),
    smallints(runs.map(({ depth }) => depth)),
    uuids(runs.map(({ retryOf }) => retryOf)),
    timestamps(runs.map(({ createdAt }) => createdAt)),
    ...endColumns(runs.map(({ end }) => end)),
    smallints(runs.map(({ answered, end }) => end?.answered ?? answered ?? null)),
  ]
}

/**
 * Inserts all of the runs, or fails: where an account has changed the insert finds no account (`not_null_violation`), and an id
 * that is taken is a `unique_violation`. Nothing has to be read from the answer before the commit.
 */
export async function insertAllRuns(tx: Transaction, runs: readonly NewRun[]): Promise<Map<string, 'written'>> {
  if (runs.length === 0) return new Map()
  await tx.query({
    name: 'run_insert_all',
    text: `insert into run (id, account_id, flow_id, version, status, trigger, live, depth, retry_of, created_at,
             finished_at, title, error, resume_at, answer_status)
           select t.id, a.id, flow_id, version, status, trigger, live, depth, retry_of, t.created_at,
             finished_at, title, error, resume_at, answer_status
           from ${newRuns}
           left join account a on a.id = t.account_id and (t.revision is null or a.revision = t.revision)`,
    values: newRunColumns(runs),
  })
  return new Map(runs.map(({ id }) => [id, 'written']))
}

/** Inserts runs whose account has not changed. The others are missing in the answer; `exists`: the id is taken. */
export async function insertRuns(tx: Transaction, runs: readonly NewRun[]): Promise<Map<string, 'written' | 'exists'>> {
  if (runs.length === 0) return new Map()
  const { rows } = await tx.query<{ id: string; inserted: boolean }>({
    name: 'run_insert',
    text: `with fresh as (
             select t.* from ${newRuns} join account a on a.id = t.account_id
             where t.revision is null or a.revision = t.revision
           ), inserted as (
             insert into run (id, account_id, flow_id, version, status, trigger, live, depth, retry_of, created_at,
               finished_at, title, error, resume_at, answer_status)
             select id, account_id, flow_id, version, status, trigger, live, depth, retry_of, created_at,
               finished_at, title, error, resume_at, answer_status from fresh
             on conflict do nothing returning id
           )
           select fresh.id, inserted.id is not null as inserted from fresh left join inserted using (id)`,
    values: newRunColumns(runs),
  })
  return new Map(rows.map(({ id, inserted }) => [id, inserted ? 'written' : 'exists']))
}

/** Locks the runs that have not ended, in the order of their ids so that no two processes wait for each other. */
export async function lockUnfinished(
  tx: Transaction,
  ids: readonly string[],
): Promise<Map<string, 'written' | 'cancelled' | 'lost'>> {
  if (ids.length === 0) return new Map()
  const { rows } = await tx.query<{ id: string; status: number }>({
    name: 'run_lock',
    text: 'select id, status from run where id = any($1::uuid[]) order by id for update',
    values: [uuids(ids)],
  })
  return new Map(
    rows.map(({ id, status }) => {
      if (status < firstFinalStatus) return [id, 'written']
      return [id, runStatuses[status] === 'cancelled' ? 'cancelled' : 'lost']
    }),
  )
}

/** As `lockUnfinished`, and fails (`division_by_zero`) unless all of the runs are unfinished: nothing has to be read. */
export async function lockAllUnfinished(tx: Transaction, ids: readonly string[]): Promise<Map<string, 'written'>> {
  const runs = [...new Set(ids)]
  if (runs.length > 0) {
    await tx.query({
      name: 'run_lock_all',
      text: `select 1 / (count(*) = $2)::int from (
               select from run where id = any($1::uuid[]) and status < ${firstFinalStatus} order by id for update) as run`,
      values: [uuids(runs), runs.length],
    })
  }
  return new Map(runs.map((id) => [id, 'written']))
}

export async function insertSteps(tx: Transaction, rows: readonly StepRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.query({
    name: 'step_insert',
    text: `insert into step (run_id, seq, ref, path, attempt, status, label, started_at, ended_at, input, output,
             output_is_input, error, request_url, response_code, resume_at, request, variables, raw)
           select run_id, seq, ref, path, attempt, status, label, started_at, ended_at, input, output, output_is_input,
             error, request_url, response_code, resume_at, request, variables, raw
           from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::smallint[], $6::smallint[], $7::text[],
             $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[], $12::boolean[], $13::text[], $14::text[],
             $15::smallint[], $16::timestamptz[], $17::text[], $18::text[], $19::bytea[])
           as t(run_id, seq, ref, path, attempt, status, label, started_at, ended_at, input, output, output_is_input, error,
             request_url, response_code, resume_at, request, variables, raw)
           on conflict do nothing`,
    values: [
      uuids(rows.map(({ runId }) => runId)),
      integers(rows.map(({ seq }) => seq)),
      texts(rows.map(({ ref }) => ref)),
      texts(rows.map(({ path }) => path)),
      smallints(rows.map(({ attempt }) => attempt)),
      smallints(rows.map(({ status }) => stepStatuses.indexOf(status))),
      texts(rows.map(({ label }) => label)),
      timestamps(rows.map(({ startedAt }) => startedAt)),
      timestamps(rows.map(({ endedAt }) => endedAt)),
      texts(rows.map(({ input }) => input)),
      texts(rows.map(({ output }) => output)),
      booleans(rows.map(({ outputIsInput }) => outputIsInput)),
      texts(rows.map(({ error }) => error)),
      texts(rows.map(({ requestUrl }) => requestUrl)),
      smallints(rows.map(({ responseCode }) => responseCode)),
      timestamps(rows.map(({ resumeAt }) => resumeAt)),
      texts(rows.map(({ request }) => request)),
      texts(rows.map(({ variables }) => variables)),
      byteStrings(rows.map(({ raw }) => raw)),
    ],
  })
}

/** Ends runs, or lets them rest. Their rows were locked by `lockUnfinished` in this transaction. */
export async function endRuns(tx: Transaction, ends: readonly (RunEnd & { runId: string })[]): Promise<void> {
  if (ends.length === 0) return
  await tx.query({
    name: 'run_end',
    text: `update run set status = t.status, finished_at = t.finished_at, title = t.title, error = t.error,
             resume_at = t.resume_at, answer_status = coalesce(t.answer_status, run.answer_status)
           from unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::text[], $5::text[], $6::timestamptz[],
             $7::smallint[])
             as t(id, status, finished_at, title, error, resume_at, answer_status)
           where run.id = t.id`,
    values: [
      uuids(ends.map(({ runId }) => runId)),
      smallints(ends.map(({ outcome }) => runStatuses.indexOf(outcome.status))),
      ...endColumns(ends),
      smallints(ends.map(({ answered }) => answered ?? null)),
    ],
  })
}

/** Shows what runs in a process are at: working, as a rule, or waiting there. */
export async function markRuns(tx: Transaction, ids: readonly string[], status: HeldStatus): Promise<void> {
  if (ids.length === 0) return
  await tx.query({
    name: 'run_mark',
    text: 'update run set status = $2, resume_at = null where id = any($1::uuid[]) and status <> $2',
    values: [uuids(ids), runStatuses.indexOf(status)],
  })
}

/** Deletes what the debugger doesn't keep of the runs that ended. */
export async function pruneSteps(tx: Transaction, ends: readonly (RunEnd & { runId: string })[]): Promise<void> {
  const final = ends.filter(isFinal)
  const nothing = final.filter(({ keep }) => keep === 'none').map(({ runId }) => runId)
  const failed = final.filter(({ keep }) => keep === 'failed').map(({ runId }) => runId)
  if (nothing.length + failed.length === 0) return
  await tx.query({
    name: 'step_prune',
    text: `delete from step where run_id = any($1::uuid[]) or (run_id = any($2::uuid[]) and seq > 0 and error is null)`,
    values: [uuids(nothing), uuids(failed)],
  })
}

function endColumns(ends: readonly (RunEnd | null)[]): unknown[] {
  return [
    timestamps(ends.map((end) => (end === null || 'resumeAt' in end.outcome ? null : end.at))),
    texts(ends.map((end) => end?.title ?? null)),
    texts(ends.map((end) => (end === null ? null : errorText(end)))),
    timestamps(ends.map((end) => (end !== null && 'resumeAt' in end.outcome ? end.outcome.resumeAt : null))),
  ]
}

/** Details may hold what the other side answered: where nothing is kept, they are not either. */
function errorText({ outcome, keep }: RunEnd): string | null {
  if (outcome.status !== 'error') return null
  const { details, ...told } = outcome.error
  return stringifyJson({ ref: outcome.ref, ...told, ...(keep !== 'none' && details && { details }) } as Json)
}
