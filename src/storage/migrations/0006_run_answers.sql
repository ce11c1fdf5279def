-- What lists of runs tell and find. All indexes are partial and on columns that never change for most runs, so that
-- ending a run stays an update within its page, and only runs that failed or repeat another one are written to them.

-- HTTP status that the sender of a webhook request got; null when nobody waited for an answer.
alter table run add column answer_status smallint;

create index run_failed on run (account_id, id) where error is not null;
create index run_failed_of_flow on run (flow_id, id) where error is not null;
create index run_repeats on run (retry_of, id) where retry_of is not null;
