-- Which run a delivery started, so that its copies start none. A row is written by the statement that decides whether
-- the run is inserted, in the same transaction; flows without deduplication have no rows here.

create table dedupe (
  flow_id uuid not null,
  key text not null,
  run_id uuid not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- Of a synchronous run, once it has one: JSON text of status, headers and body.
  answer text,
  primary key (flow_id, key)
);
create index dedupe_run on dedupe (run_id);
create index dedupe_expiry on dedupe (expires_at);
