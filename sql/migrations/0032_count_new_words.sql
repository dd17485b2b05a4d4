-- Words of new passages are counted within minutes, by the ids of passages, which are in order of time: up to which one they were,
-- how many passages have come since all were counted, and what the workspace's passages weighed then. Nobody who writes waits.
ALTER TABLE corpus_stat
    ADD COLUMN counted_until uuid,
    ADD COLUMN counted_since bigint NOT NULL DEFAULT 0,
    ADD COLUMN counted_total bigint NOT NULL DEFAULT 0;
