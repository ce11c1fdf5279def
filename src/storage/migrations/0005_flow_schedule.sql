-- When live flows start by themselves. A row is written by the transaction that saves the flow, and goes with it.

create table flow_schedule (
  flow_id uuid primary key references flow on delete cascade,
  account_id uuid not null,
  schedule text not null, -- JSON text: cron, timezone, at, start, end (src/flow/schedule.ts)
  -- Null when there is no further time.
  next_at timestamptz
);
create index flow_schedule_next on flow_schedule (next_at) where next_at is not null;
