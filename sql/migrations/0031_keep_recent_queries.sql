-- What a person searched for last, to be offered again while typing. Personal, like feedback: it goes with the membership, and
-- nobody but its author reads it.

ALTER TABLE membership ADD COLUMN keeps_recent boolean NOT NULL DEFAULT true;

CREATE TABLE recent_query (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    query text NOT NULL CHECK (length(query) BETWEEN 1 AND 512),
    asked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, account_id, query),
    FOREIGN KEY (workspace_id, account_id) REFERENCES membership ON DELETE CASCADE
);
CREATE INDEX recent_query_asked_at_idx ON recent_query (asked_at);

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        ALTER TABLE recent_query ENABLE ROW LEVEL SECURITY;
        ALTER TABLE recent_query FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON recent_query TO recollect_app
            USING (workspace_id = (SELECT nullif(current_setting('app.ws', true), '')::uuid)
                AND account_id = (SELECT nullif(current_setting('app.uid', true), '')::uuid));
        CREATE POLICY every_workspace ON recent_query TO recollect_worker USING (true);
        GRANT SELECT, INSERT, UPDATE, DELETE ON recent_query TO recollect_app;
        GRANT SELECT, DELETE ON recent_query TO recollect_worker;
    END IF;
END
$$;
