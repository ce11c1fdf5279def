-- The ledger of webhooks that Hookline makes at vendors. A row says what is wanted of one webhook and what is known of it.
-- Before every call that changes something at a vendor `pending` is written, after it the fact; whoever finds a `pending`
-- that nobody is working on can't tell whether the call had its effect, and asks the vendor.

create table registration (
  id uuid primary key,
  account_id uuid not null references account on delete cascade,
  -- No foreign key: a row outlives its flow until the vendor's webhook is gone.
  flow_id uuid not null,
  ref text not null,
  -- Of vendors that need a webhook for each event: which one; otherwise empty.
  slot text not null default '',
  kind text not null check (kind in ('webhook', 'lifecycle')),
  connector text not null,
  auth_id uuid,
  -- Where at the vendor: rows with an equal place are in the same list, or are the same webhook where only one can exist.
  place text not null,
  goal text not null check (goal in ('present', 'absent')),
  state text not null check (state in ('not_registered', 'registering', 'registered', 'stale', 'failed', 'removing', 'removed')),
  reason text,
  remote_id text,
  base_url text not null,
  -- Hash of the secret part of its address, where it has one; the edge looks it up.
  path_hash bytea,
  -- JSON text: events, form values and what else the vendor was told.
  settings text not null,
  settings_hash text not null,
  -- JSON text: secret part of the address, signing secrets, the vendor's answer.
  secrets_sealed bytea not null,
  -- What a handshake handed over; written by the edge.
  handshake_sealed bytea,
  pending text,
  pending_key uuid,
  pending_at timestamptz,
  failures int not null default 0,
  retry_at timestamptz,
  registered_at timestamptz,
  expires_at timestamptz,
  checked_at timestamptz,
  -- The row of the flow whose webhook serves this one as well, where only one can exist.
  carried_by uuid,
  -- Written by edge and API, all columns above by who holds the lease: asked for by a user, and what has come in.
  anew text check (anew in ('recreate', 'take_over')),
  last_event_at timestamptz,
  event_count bigint not null default 0,
  -- Moving average of the time between two events.
  usual_gap_ms float8,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index registration_flow on registration (flow_id, id);
create index registration_account on registration (account_id, id);
create index registration_place on registration (account_id, place) where state <> 'removed';
create index registration_auth on registration (auth_id) where state <> 'removed';

-- What was intended, and what came of it.
create table registration_log (
  id bigint generated always as identity primary key,
  registration_id uuid not null references registration on delete cascade,
  at timestamptz not null,
  kind text not null check (kind in ('intent', 'fact')),
  action text not null,
  -- The same for an intent and its fact.
  key uuid,
  detail text
);
create index registration_log_of on registration_log (registration_id, id);

-- Flows whose webhooks must be looked after. `wakes` counts what has happened to them, so that a change that comes while
-- someone is at work is not taken for seen.
create table registration_trigger (
  flow_id uuid primary key,
  account_id uuid not null references account on delete cascade,
  due_at timestamptz,
  wakes bigint not null default 1,
  -- Move webhooks that were made under another public address.
  moves boolean not null default false
);
create index registration_trigger_due on registration_trigger (due_at) where due_at is not null;

-- One process at a time works on a flow, or on a webhook that several flows share.
create table registration_lease (
  key text primary key,
  owner uuid not null,
  until timestamptz not null
);

-- Requests that started no run, and why. No bodies, and no secrets.
create table rejected_request (
  id uuid primary key,
  account_id uuid not null references account on delete cascade,
  flow_id uuid not null,
  at timestamptz not null,
  reason text not null,
  status smallint not null,
  -- JSON text: method, ip, facts for the view.
  facts text not null,
  -- Equal ones within a minute are counted, not listed.
  count int not null default 1
);
create index rejected_request_flow on rejected_request (flow_id, id desc);
create index rejected_request_account on rejected_request (account_id, id desc);
