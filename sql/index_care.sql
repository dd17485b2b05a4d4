-- The indexes of passages and vectors, a partition at a time: how much of what they hold is deleted, and how they are rebuilt.

-- name: note_deleted
-- Adds what PostgreSQL counted since the last time. A counter that is smaller than it was has been set back by a crash.
INSERT INTO index_care AS care (partition, counter)
SELECT h.inhrelid::regclass::text, pg_stat_get_tuples_deleted(h.inhrelid)
FROM pg_inherits h
WHERE h.inhparent IN ('passage'::regclass, 'embedding'::regclass)
ON CONFLICT (partition) DO UPDATE
SET counter = excluded.counter,
    deleted = care.deleted + excluded.counter - CASE WHEN excluded.counter < care.counter THEN 0 ELSE care.counter END;

-- name: list_bloated
-- The partitions with so many deleted rows, as a share of what their indexes hold, the worst first.
SELECT care.partition, counted.deleted, counted.share, pg_indexes_size(h.inhrelid) AS size_bytes
FROM pg_inherits h
JOIN pg_class c ON c.oid = h.inhrelid
JOIN index_care care ON care.partition = h.inhrelid::regclass::text
CROSS JOIN LATERAL (
    SELECT care.deleted + greatest(pg_stat_get_tuples_deleted(h.inhrelid) - care.counter, 0) AS deleted OFFSET 0) AS gone
CROSS JOIN LATERAL (
    -- After a crash PostgreSQL knows how many rows there were at the last vacuum, not how many are alive.
    SELECT gone.deleted, gone.deleted::float8 / greatest(1, gone.deleted
        + greatest(pg_stat_get_live_tuples(h.inhrelid), c.reltuples::bigint - gone.deleted)) AS share) AS counted
WHERE h.inhparent IN ('passage'::regclass, 'embedding'::regclass)
    AND counted.deleted >= :at_least::bigint
    AND counted.share >= CASE h.inhparent WHEN 'embedding'::regclass THEN :vectors::float8 ELSE :passages::float8 END
ORDER BY counted.share DESC, care.partition;

-- name: note_rebuilt
UPDATE index_care
SET deleted = greatest(deleted - :deleted::bigint, 0), rebuilt_at = now()
WHERE partition = :partition;

-- name: list_care_commands
-- What rebuilds a partition's indexes without keeping anybody from reading or writing, in order. First goes what a rebuild that
-- was cut off left behind; the vacuum comes last, when no index holds a deleted row any more, and so has little to do.
SELECT command
FROM (
    SELECT 1 AS step, format('DROP INDEX CONCURRENTLY %s', i.indexrelid::regclass) AS command, 0::bigint AS size
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = :partition::text::regclass AND NOT i.indisvalid AND c.relname ~ '_cc(new|old)\d*$'
    UNION ALL
    SELECT 2, format('REINDEX INDEX CONCURRENTLY %s', i.indexrelid::regclass), pg_relation_size(i.indexrelid)
    FROM pg_index i
    WHERE i.indrelid = :partition::text::regclass AND i.indisvalid
    UNION ALL
    SELECT 3, format('VACUUM (ANALYZE, INDEX_CLEANUP ON, TRUNCATE OFF) %s', :partition::text::regclass), 0
) AS planned
ORDER BY step, size DESC, command;
