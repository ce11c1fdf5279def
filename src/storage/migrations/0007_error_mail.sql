-- Which flows' errors people are to be told of by email. One row for a flow however often it fails: written by the
-- transaction that ends the run, so no error is forgotten; `due_at` is the queue of those who send.

create table error_mail (
  -- No foreign key: a run ends whether or not its flow is still there.
  flow_id uuid primary key,
  account_id uuid not null,
  -- Errors that nobody was told of yet, since when, and the last one of them.
  errors bigint not null,
  since timestamptz not null,
  run_id uuid not null,
  ref text not null,
  message text not null,
  at timestamptz not null,
  -- When a mail is to be sent, or tried again; null when there is nothing to tell. Who sends it moves it on first, so
  -- that nobody else does: the time it was moved to names that attempt.
  due_at timestamptz,
  sent_at timestamptz,
  failures int not null default 0,
  failure text
);
create index error_mail_due on error_mail (due_at) where due_at is not null;
