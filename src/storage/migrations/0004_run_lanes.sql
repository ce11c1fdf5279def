-- Runs of flows that limit how many run at a time or keep an order, from acceptance to their end. A run gets its job when
-- it is admitted; other flows have no rows here.

create table run_lane (
  run_id uuid primary key,
  account_id uuid not null,
  flow_id uuid not null,
  -- Runs with an equal key run one after the other; null: only counted.
  key text,
  -- Order of acceptance.
  position bigint generated always as identity,
  admitted_at timestamptz
);
create index run_lane_key on run_lane (flow_id, key, position);
create index run_lane_waiting on run_lane (flow_id, position) where admitted_at is null;
create index run_lane_admitted on run_lane (flow_id, key) where admitted_at is not null;

-- Deleting what is past its time leaves dead rows behind: they are cleared away after 2 % of a large table, not after 20 %.
alter table run set (autovacuum_vacuum_scale_factor = 0.02);
alter table step set (autovacuum_vacuum_scale_factor = 0.02);
