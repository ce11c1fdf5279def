import { type Json, stringifyJson } from '../flow/json.ts'
import {
  type RunStatus,
  runStatuses,
  runTriggers,
  type StepRecord,
  type StepStatus,
  stepStatuses,
} from '../flow/run.ts'
import type { Transaction } from './database.ts'
import type { RunEnd, RunStart } from './storage.ts'

/** The SQL of writing runs. Rows go in as one array per column: a statement's text is the same for any number of rows. */

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

/** Inserts runs whose account has not changed. The others are missing in the answer; `exists`: the id is taken. */
export async function insertRuns(
  tx: Transaction,
  runs: readonly (RunStart & { status: RunStatus; end: RunEnd | null })[],
): Promise<Map<string, 'written' | 'exists'>> {
  if (runs.length === 0) return new Map()
  const { rows } = await tx.query<{ id: string; inserted: boolean }>({
    name: 'run_insert',
    text: `with item as (
             select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::int[], $6::smallint[], $7::smallint[],
               $8::boolean[], $9::smallint[], $10::uuid[], $11::float8[], $12::float8[], $13::text[], $14::text[], $15::float8[],
               $16::smallint[])
             as t(id, account_id, revision, flow_id, version, status, trigger, live, depth, retry_of, created_at, finished_at,
               title, error, resume_at, answer_status)
           ), fresh as (
             select item.* from item join account a on a.id = item.account_id
             where item.revision is null or a.revision = item.revision
           ), inserted as (
             insert into run (id, account_id, flow_id, version, status, trigger, live, depth, retry_of, created_at,
               finished_at, title, error, resume_at, answer_status)
             select id, account_id, flow_id, version, status, trigger, live, depth, retry_of, to_timestamp(created_at / 1000),
               to_timestamp(finished_at / 1000), title, error, to_timestamp(resume_at / 1000), answer_status from fresh
             on conflict do nothing returning id
           )
           select fresh.id, inserted.id is not null as inserted from fresh left join inserted using (id)`,
    values: [
      runs.map(({ id }) => id),
      runs.map(({ accountId }) => accountId),
      runs.map(({ revision }) => revision),
      runs.map(({ flowId }) => flowId),
      runs.map(({ version }) => version),
      runs.map(({ status }) => runStatuses.indexOf(status)),
      runs.map(({ trigger }) => runTriggers.indexOf(trigger)),
      runs.map(({ live }) => live),
      runs.map(({ depth }) => depth),
      runs.map(({ retryOf }) => retryOf),
      runs.map(({ createdAt }) => createdAt.getTime()),
      ...endColumns(runs.map(({ end }) => end)),
      runs.map(({ answered, end }) => end?.answered ?? answered ?? null),
    ],
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
    values: [ids],
  })
  return new Map(
    rows.map(({ id, status }) => {
      if (status < firstFinalStatus) return [id, 'written']
      return [id, runStatuses[status] === 'cancelled' ? 'cancelled' : 'lost']
    }),
  )
}

export async function insertSteps(tx: Transaction, rows: readonly StepRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.query({
    name: 'step_insert',
    text: `insert into step (run_id, seq, ref, path, attempt, status, label, started_at, ended_at, input, output,
             output_is_input, error, request_url, response_code, resume_at, request, variables, raw)
           select run_id, seq, ref, path, attempt, status, label, to_timestamp(started_at / 1000), to_timestamp(ended_at / 1000),
             input, output, output_is_input, error, request_url, response_code, to_timestamp(resume_at / 1000), request,
             variables, raw
           from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::smallint[], $6::smallint[], $7::text[],
             $8::float8[], $9::float8[], $10::text[], $11::text[], $12::boolean[], $13::text[], $14::text[], $15::smallint[],
             $16::float8[], $17::text[], $18::text[], $19::bytea[])
           as t(run_id, seq, ref, path, attempt, status, label, started_at, ended_at, input, output, output_is_input, error,
             request_url, response_code, resume_at, request, variables, raw)
           on conflict do nothing`,
    values: [
      rows.map(({ runId }) => runId),
      rows.map(({ seq }) => seq),
      rows.map(({ ref }) => ref),
      rows.map(({ path }) => path),
      rows.map(({ attempt }) => attempt),
      rows.map(({ status }) => stepStatuses.indexOf(status)),
      rows.map(({ label }) => label),
      rows.map(({ startedAt }) => startedAt.getTime()),
      rows.map(({ endedAt }) => endedAt.getTime()),
      rows.map(({ input }) => input),
      rows.map(({ output }) => output),
      rows.map(({ outputIsInput }) => outputIsInput),
      rows.map(({ error }) => error),
      rows.map(({ requestUrl }) => requestUrl),
      rows.map(({ responseCode }) => responseCode),
      rows.map(({ resumeAt }) => resumeAt?.getTime() ?? null),
      rows.map(({ request }) => request),
      rows.map(({ variables }) => variables),
      rows.map(({ raw }) => raw),
    ],
  })
}

/** Ends runs, or lets them rest. Their rows were locked by `lockUnfinished` in this transaction. */
export async function endRuns(tx: Transaction, ends: readonly (RunEnd & { runId: string })[]): Promise<void> {
  if (ends.length === 0) return
  await tx.query({
    name: 'run_end',
    text: `update run set status = t.status, finished_at = to_timestamp(t.finished_at / 1000), title = t.title,
             error = t.error, resume_at = to_timestamp(t.resume_at / 1000),
             answer_status = coalesce(t.answer_status, run.answer_status)
           from unnest($1::uuid[], $2::smallint[], $3::float8[], $4::text[], $5::text[], $6::float8[], $7::smallint[])
             as t(id, status, finished_at, title, error, resume_at, answer_status)
           where run.id = t.id`,
    values: [
      ends.map(({ runId }) => runId),
      ends.map(({ outcome }) => runStatuses.indexOf(outcome.status)),
      ...endColumns(ends),
      ends.map(({ answered }) => answered ?? null),
    ],
  })
}

/** Shows that a queued or resting run is being worked on. */
export async function markRunning(tx: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.query({
    name: 'run_mark_running',
    text: 'update run set status = $2, resume_at = null where id = any($1::uuid[]) and status <> $2',
    values: [ids, runStatuses.indexOf('running')],
  })
}

/** Deletes what the debugger doesn't keep of the runs that ended. */
export async function pruneSteps(tx: Transaction, ends: readonly (RunEnd & { runId: string })[]): Promise<void> {
  const final = ends.filter(({ outcome }) => runStatuses.indexOf(outcome.status) >= firstFinalStatus)
  const nothing = final.filter(({ keep }) => keep === 'none').map(({ runId }) => runId)
  const failed = final.filter(({ keep }) => keep === 'failed').map(({ runId }) => runId)
  if (nothing.length + failed.length === 0) return
  await tx.query({
    name: 'step_prune',
    text: `delete from step where run_id = any($1::uuid[]) or (run_id = any($2::uuid[]) and seq > 0 and error is null)`,
    values: [nothing, failed],
  })
}

function endColumns(ends: readonly (RunEnd | null)[]): unknown[] {
  return [
    ends.map((end) => (end === null || 'resumeAt' in end.outcome ? null : end.at.getTime())),
    ends.map((end) => end?.title ?? null),
    ends.map((end) => (end === null ? null : errorText(end))),
    ends.map((end) => (end !== null && 'resumeAt' in end.outcome ? end.outcome.resumeAt.getTime() : null)),
  ]
}

function errorText({ outcome }: RunEnd): string | null {
  if (outcome.status !== 'error') return null
  return stringifyJson({ ref: outcome.ref, ...outcome.error } as Json)
}
