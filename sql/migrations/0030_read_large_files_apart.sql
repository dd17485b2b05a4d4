-- A file whose reader took too much memory beside others waits in a line of its own, for the one seat of a worker that has more.
ALTER TABLE job ADD COLUMN needs_memory boolean NOT NULL DEFAULT false;

DROP INDEX job_kind_fair_key_idx;
CREATE INDEX job_kind_needs_memory_fair_key_idx ON job (kind, needs_memory, fair_key) WHERE state IN ('queued', 'retry_wait');
