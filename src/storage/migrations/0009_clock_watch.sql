-- The latest time that anyone has seen on this server's clock: where it is in the future, the clock was set back.
create table clock_watch (
  one boolean primary key default true check (one),
  seen_at timestamptz not null
);
