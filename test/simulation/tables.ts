import { Table } from './rows.ts'

/** The tables that the scheduling core uses, as far as it does; columns as in src/storage/migrations and in pg-boss. */

export interface AccountRow {
  id: string
  revision: number
}

export interface FlowRow {
  id: string
  account_id: string
  version: number
  /** The flow as it is, as JSON text. */
  json: string
}

export interface RunRow {
  id: string
  account_id: string
  flow_id: string
  version: number
  status: number
  trigger: number
  live: boolean
  depth: number
  retry_of: string | null
  created_at: number
  finished_at: number | null
  title: string | null
  error: string | null
  resume_at: number | null
}

export interface StepRow {
  run_id: string
  seq: number
  ref: string
  path: string
  attempt: number
  status: number
  label: string | null
  started_at: number
  ended_at: number
  input: string
  output: string | null
  output_is_input: boolean
  error: string | null
  request_url: string | null
  response_code: number | null
  resume_at: number | null
  request: string | null
  variables: string | null
  raw: Uint8Array | null
}

export interface DedupeRow {
  flow_id: string
  key: string
  run_id: string
  created_at: number
  expires_at: number
  answer: string | null
}

export interface LaneRow {
  run_id: string
  account_id: string
  flow_id: string
  key: string | null
  position: number
  admitted_at: number | null
}

export interface ScheduleRow {
  flow_id: string
  account_id: string
  schedule: string
  next_at: number | null
}

export interface JobRow {
  id: string
  name: string
  data: unknown
  priority: number
  state: 'created' | 'retry' | 'active' | 'failed'
  start_after: number
  created_on: number
  started_on: number | null
  heartbeat_on: number | null
  retry_count: number
  retry_limit: number
  group_id: string | null
}

export interface Tables {
  account: Table<AccountRow>
  flow: Table<FlowRow>
  run: Table<RunRow>
  step: Table<StepRow>
  dedupe: Table<DedupeRow>
  lane: Table<LaneRow>
  schedule: Table<ScheduleRow>
  job: Table<JobRow>
  /** Advisory locks. */
  advisory: Table<object>
}

export function createTables(): Tables {
  return {
    account: new Table('account'),
    flow: new Table('flow'),
    run: new Table('run'),
    step: new Table('step'),
    dedupe: new Table('dedupe'),
    lane: new Table('run_lane'),
    schedule: new Table('flow_schedule'),
    job: new Table('pgboss.job'),
    advisory: new Table('advisory'),
  }
}
