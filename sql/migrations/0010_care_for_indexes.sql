-- When the indexes of a partition of passages or vectors have to be rebuilt: what was deleted there since they last were.

CREATE TABLE index_care (
    partition text PRIMARY KEY,
    counter bigint NOT NULL, -- PostgreSQL's own count of rows gone when it was last read; a crash sets that back
    deleted bigint NOT NULL DEFAULT 0, -- rows gone since the indexes were rebuilt
    rebuilt_at timestamptz
);

-- Taking dead rows out of an HNSW graph costs four times and more what building it anew does (357 s for 10 % of 200,000 vectors,
-- where the build took 87 s). So vacuum leaves the graph alone, and the worker rebuilds it before it vacuums.
DO $$
BEGIN
    FOR n IN 0..15 LOOP
        EXECUTE format('ALTER TABLE embedding_%s SET (vacuum_index_cleanup = off)', n);
    END LOOP;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        ALTER TABLE index_care ENABLE ROW LEVEL SECURITY;
        ALTER TABLE index_care FORCE ROW LEVEL SECURITY;
        CREATE POLICY worker ON index_care TO recollect_worker USING (true);
        GRANT SELECT, INSERT, UPDATE ON index_care TO recollect_worker;
    END IF;
END
$$;
