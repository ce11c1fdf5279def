import type { Tx } from './rows.ts'
import { ServerError, type Statements } from './server.ts'
import type { RunRow, StepRow, Tables } from './tables.ts'

/**
 * The product's statements about runs and copies of requests, each by the name it has under src/storage. What one locks
 * it locks before it changes anything, in the order in which the SQL does.
 */

const firstFinalStatus = 4
const cancelledStatus = 6
const date = (ms: number | null) => (ms === null ? null : new Date(ms))

/** `unnest($1, $2, …)`: one row per place of the arrays. */
function unnest(values: readonly unknown[], names: readonly string[]): Record<string, unknown>[] {
  const columns = values.slice(0, names.length) as unknown[][]
  return (columns[0] ?? []).map((_, row) =>
    Object.fromEntries(names.map((name, column) => [name, columns[column]![row]])),
  )
}

const runColumns = [
  'id',
  'account_id',
  'revision',
  'flow_id',
  'version',
  'status',
  'trigger',
  'live',
  'depth',
  'retry_of',
  'created_at',
  'finished_at',
  'title',
  'error',
  'resume_at',
] as const

const stepColumns = [
  'run_id',
  'seq',
  'ref',
  'path',
  'attempt',
  'status',
  'label',
  'started_at',
  'ended_at',
  'input',
  'output',
  'output_is_input',
  'error',
  'request_url',
  'response_code',
  'resume_at',
  'request',
  'variables',
  'raw',
] as const

const stepKey = (runId: string, seq: number) => `${runId}|${seq}`

export function runStatements(tables: Tables, now: () => number): Statements {
  const { account, run, step, dedupe, lane } = tables

  /** `where revision is null or a.revision = item.revision`, as committed: the account's row is only read. */
  const isFresh = (tx: Tx, { account_id, revision }: Record<string, unknown>) =>
    revision === null || account.see(String(account_id), tx)?.revision === revision

  const stepsOf = (tx: Tx, runId: string) => {
    const rows: StepRow[] = []
    for (const [, row] of step.all(tx)) if (row.run_id === runId) rows.push(row)
    return rows.sort((a, b) => a.seq - b.seq)
  }
  const shownStep = (row: StepRow) => ({
    ...row,
    started_at: date(row.started_at),
    ended_at: date(row.ended_at),
    resume_at: date(row.resume_at),
  })
  const shownRun = (row: RunRow) => ({
    ...row,
    flow_name: null,
    answer_status: null,
    created_at: date(row.created_at),
    finished_at: date(row.finished_at),
    resume_at: date(row.resume_at),
  })
  const endOf = (tx: Tx, id: string, ended: Partial<RunRow>) => {
    const known = run.see(id, tx)
    if (known !== undefined) run.put(tx, id, { ...known, ...ended }, 'change')
  }

  return {
    // insert … on conflict do nothing: an equal key of a transaction under way is waited for; then it is there or not.
    run_insert(tx, values) {
      const fresh = unnest(values, runColumns).filter((item) => isFresh(tx, item)) as unknown as (RunRow & {
        revision: unknown
      })[]
      for (const { id } of fresh) if (run.see(id, tx) === undefined) run.lock(tx, id, 'all')
      return fresh.map(({ revision: _, ...row }) => {
        const inserted = run.see(row.id, tx) === undefined
        if (inserted) run.put(tx, row.id, row)
        return { id: row.id, inserted }
      })
    },
    // insert … select … left join account: a run without one violates a constraint, as an id that is taken does.
    run_insert_all(tx, values) {
      const runs = unnest(values, runColumns) as unknown as (RunRow & { revision: unknown })[]
      if (!runs.every((each) => isFresh(tx, { ...each }))) throw new ServerError('23502', 'null value in account_id')
      for (const { id } of runs) if (run.see(id, tx) === undefined) run.lock(tx, id, 'all')
      if (runs.some(({ id }) => run.see(id, tx) !== undefined)) throw new ServerError('23505', 'duplicate key')
      for (const { revision: _, ...row } of runs) run.put(tx, row.id, row)
      return []
    },
    // select … order by id for update
    run_lock(tx, [ids]) {
      const found = (ids as string[]).filter((id) => run.see(id, tx) !== undefined).sort()
      for (const id of found) run.lock(tx, id, 'all')
      return found.flatMap((id) => run.see(id, tx) ?? [])
    },
    // select 1 / (count(*) = $2)::int from (select … where status < … order by id for update)
    run_lock_all(tx, [ids]) {
      const isOpen = (id: string) => (run.see(id, tx)?.status ?? firstFinalStatus) < firstFinalStatus
      for (const id of (ids as string[]).filter(isOpen).sort()) run.lock(tx, id, 'all')
      if (!(ids as string[]).every(isOpen)) throw new ServerError('22012', 'division by zero')
      return []
    },
    // insert … on conflict do nothing
    step_insert(tx, values) {
      const rows = unnest(values, stepColumns) as unknown as StepRow[]
      for (const key of rows.map(({ run_id, seq }) => stepKey(run_id, seq)))
        if (step.see(key, tx) === undefined) step.lock(tx, key, 'all')
      for (const row of rows) {
        const key = stepKey(row.run_id, row.seq)
        if (step.see(key, tx) === undefined) step.put(tx, key, row)
        else tx.onEnd((committed) => committed && step.onLeftOut(key))
      }
      return []
    },
    run_end(tx, values) {
      const ends = unnest(values, ['id', 'status', 'finished_at', 'title', 'error', 'resume_at'])
      for (const { id } of ends) run.lock(tx, String(id), 'change')
      for (const { id, ...ended } of ends) endOf(tx, String(id), ended as Partial<RunRow>)
      return []
    },
    // update … where id = any($1) and status <> $2
    run_mark(tx, [ids, status]) {
      const marked = (ids as string[]).filter((id) => {
        const known = run.see(id, tx)
        return known !== undefined && known.status !== status
      })
      for (const id of marked) run.lock(tx, id, 'change')
      for (const id of marked) endOf(tx, id, { status: status as number, resume_at: null })
      return []
    },
    step_prune(tx, [nothing, failed]) {
      const gone = step
        .all(tx)
        .filter(
          ([, row]) =>
            (nothing as string[]).includes(row.run_id) ||
            ((failed as string[]).includes(row.run_id) && row.seq > 0 && row.error === null),
        )
      for (const [key] of gone) step.lock(tx, key, 'all')
      for (const [key] of gone) step.put(tx, key, undefined)
      return []
    },
    run_find(tx, [accountId, runId]) {
      const row = run.see(String(runId), tx)
      return row?.account_id === accountId ? [shownRun(row!)] : []
    },
    run_steps(tx, [accountId, runId]) {
      if (run.see(String(runId), tx)?.account_id !== accountId) return []
      return stepsOf(tx, String(runId))
        .filter(({ ref }) => ref !== '')
        .map(shownStep)
    },
    runs_unfinished(tx, [ids]) {
      return (ids as string[])
        .flatMap((id) => run.see(id, tx) ?? [])
        .filter(({ status }) => status < firstFinalStatus)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .map(shownRun)
    },
    steps_of_runs: (tx, [ids]) => [...(ids as string[])].sort().flatMap((id) => stepsOf(tx, id).map(shownStep)),
    // with ended as (update run … where status < $4 returning id), gone as (delete from run_lane …)
    run_cancel(tx, [accountId, runId]) {
      const id = String(runId)
      const isOpen = () => {
        const row = run.see(id, tx)
        return row?.account_id === accountId && row!.status < firstFinalStatus
      }
      if (!isOpen()) return []
      run.lock(tx, id, 'change')
      if (lane.see(id, tx) !== undefined) lane.lock(tx, id, 'all')
      endOf(tx, id, { status: cancelledStatus, finished_at: now(), resume_at: null })
      if (lane.see(id, tx) !== undefined) lane.put(tx, id, undefined)
      return [{ id }]
    },
    // insert … order by flow_id, key on conflict do update … where dedupe.expires_at <= excluded.created_at
    dedupe_claim(tx, values) {
      const names = ['run_id', 'account_id', 'revision', 'flow_id', 'key', 'created_at', 'expires_at']
      const fresh = unnest(values, names).filter((item) => isFresh(tx, item))
      const place = ({ flow_id, key }: Record<string, unknown>) => `${flow_id} ${key}`
      for (const each of fresh.map(place).sort()) dedupe.lock(tx, each, 'all')
      return fresh.map((item) => {
        const known = dedupe.see(place(item), tx)
        const claimed = known === undefined || known.expires_at <= Number(item.created_at)
        const { account_id: _, revision: __, ...row } = item
        if (claimed) dedupe.put(tx, place(item), { ...row, answer: null } as never)
        return { run_id: item.run_id, claimed }
      })
    },
    dedupe_find: (tx, values) =>
      unnest(values, ['flow_id', 'key']).flatMap(({ flow_id, key }) => dedupe.see(`${flow_id} ${key}`, tx) ?? []),
    dedupe_answer(tx, values) {
      const answers = new Map(unnest(values, ['run_id', 'answer']).map(({ run_id, answer }) => [run_id, answer]))
      const rows = dedupe.all(tx).filter(([, row]) => answers.has(row.run_id))
      for (const [key] of rows) dedupe.lock(tx, key, 'change')
      for (const [key, row] of rows) {
        dedupe.put(tx, key, { ...row, answer: row.answer ?? String(answers.get(row.run_id)) }, 'change')
      }
      return []
    },
    dedupe_first_run(tx, [runId]) {
      const found = dedupe.all(tx).find(([, row]) => row.run_id === runId)
      return found === undefined
        ? []
        : [{ answer: found[1].answer, status: run.see(String(runId), tx)?.status ?? null }]
    },
    error_mail_note: () => [],
    // What a cancellation tells other processes is told to them by the world around.
    'select pg_notify($1, $2)': () => [],
  }
}
