-- Accounts, flows and their runs. Ids are UUIDv7 unless a comment says otherwise: they sort by time, so inserts touch
-- the end of an index and a page of a list is one range.

create table account (
  id uuid primary key,
  name text not null,
  -- Counts every change that a process may have cached: flows, tokens, env variables. The statement that records a run
  -- compares it, so what was decided from memory counts only if it is still true.
  revision bigint not null default 1,
  created_at timestamptz not null default now()
);

create table app_user (
  id uuid primary key,
  account_id uuid not null references account on delete cascade,
  email text not null,
  name text not null default '',
  role text not null check (role in ('admin', 'member')),
  password_hash text not null,
  created_at timestamptz not null default now(),
  disabled_at timestamptz
);
create unique index app_user_email on app_user (lower(email));

create table session (
  token_hash bytea primary key,
  user_id uuid not null references app_user on delete cascade,
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create table personal_access_token (
  id uuid primary key,
  account_id uuid not null references account on delete cascade,
  -- Null for tokens made on the command line: they act with an admin's rights.
  user_id uuid references app_user on delete cascade,
  token_hash bytea not null unique,
  note text not null default '',
  scopes text[] not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default now()
);
create index personal_access_token_account on personal_access_token (account_id, id);

create table flow (
  id uuid primary key, -- random (version 4): it is part of a public address
  account_id uuid not null references account on delete cascade,
  name text not null,
  status text not null check (status in ('draft', 'live', 'paused')),
  version int not null,
  -- JSON text: description, settings, steps, arrows.
  definition text not null,
  token_hash bytea not null,
  token_sealed bytea not null,
  former_token_hash bytea,
  former_token_expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index flow_account on flow (account_id, updated_at desc, id);

create table flow_version (
  flow_id uuid not null references flow on delete cascade,
  version int not null,
  name text not null,
  definition text not null,
  created_by uuid,
  created_at timestamptz not null default now(),
  primary key (flow_id, version)
);

create table flow_value (
  flow_id uuid not null references flow on delete cascade,
  key text not null,
  value text not null, -- JSON text
  updated_at timestamptz not null default now(),
  primary key (flow_id, key)
);

create table env_variable (
  account_id uuid not null references account on delete cascade,
  name text not null,
  value text not null, -- JSON text
  updated_at timestamptz not null default now(),
  primary key (account_id, name)
);

create table connector (
  account_id uuid not null references account on delete cascade,
  name text not null,
  definition text not null, -- JSON text
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (account_id, name)
);

create table connector_auth (
  id uuid primary key,
  account_id uuid not null references account on delete cascade,
  connector text not null,
  name text not null,
  auth_type text not null,
  -- What is no secret: JSON text of username, api_endpoint, user_input, tags.
  facts text not null default '{}',
  -- JSON text of the secrets, sealed with AES-256-GCM for this row.
  secrets_sealed bytea not null,
  checked_at timestamptz,
  check_ok boolean,
  check_message text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index connector_auth_account on connector_auth (account_id, connector, id);

-- No foreign keys and few indexes on the two tables below: every webhook writes them. The payload is not in the row
-- that is updated when a run ends, so that update stays small and touches no index.
create table run (
  id uuid primary key,
  account_id uuid not null,
  flow_id uuid not null,
  version int not null,
  status smallint not null, -- position in runStatuses (src/flow/run.ts)
  trigger smallint not null, -- position in runTriggers
  live boolean not null, -- false when the flow was a draft
  depth smallint not null default 0,
  retry_of uuid,
  created_at timestamptz not null,
  finished_at timestamptz,
  resume_at timestamptz,
  title text,
  error text -- JSON text: ref, kind, message, details
) with (fillfactor = 85);
create index run_flow on run (flow_id, id);
create index run_account on run (account_id, id);

-- JSON stands in text columns: the texts are well-formed JSON by the time they are stored, so neither a NUL nor a lone
-- surrogate is ever in them unescaped. jsonb would refuse both even escaped.
create table step (
  run_id uuid not null,
  -- 0 is what the run was started with; the others count records in the order they were made.
  seq int not null,
  ref text not null,
  path text not null default '',
  attempt smallint not null default 1,
  status smallint not null, -- position in stepStatuses
  label text,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  input text,
  -- Null with output_is_input when both are the same value.
  output text,
  output_is_input boolean not null default false,
  error text,
  request_url text,
  response_code smallint,
  resume_at timestamptz,
  -- Of seq 0: JSON text of the request's facts and of the starter's variables; the bytes as they arrived when the input
  -- is not their exact text.
  request text,
  variables text,
  raw bytea,
  primary key (run_id, seq)
);
