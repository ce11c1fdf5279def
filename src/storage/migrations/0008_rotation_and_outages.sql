-- Written by the API, as `anew` is: somebody wants this webhook to have another secret.
alter table registration add column rotate_asked_at timestamptz;
alter table registration add column rotate_grace_seconds int not null default 0;

-- When a process was last known to take webhooks, and when none was.
create table edge_watch (
  one boolean primary key default true check (one),
  alive_at timestamptz not null
);
create table edge_outage (
  since timestamptz not null,
  until timestamptz primary key
);
