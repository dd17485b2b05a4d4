-- What people said of search results: clicks and thumbs. One row for each person, query and thing found. The query is personal:
-- it goes with the membership, and nobody but its author reads it through the API (`recollect eval` reads it on the server).

ALTER TABLE workspace ADD COLUMN keeps_feedback boolean NOT NULL DEFAULT true;
ALTER TABLE membership ADD COLUMN gives_feedback boolean NOT NULL DEFAULT true;

CREATE TABLE search_feedback (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    query text NOT NULL CHECK (length(query) BETWEEN 1 AND 512),
    target_id uuid NOT NULL, -- the message, or the file: it outlives the passages of an edit or a new build
    item_id uuid NOT NULL, -- the conversation of the message, or the file
    clicks int NOT NULL DEFAULT 0,
    thumb text CHECK (thumb IN ('up', 'down')),
    rank int CHECK (rank > 0), -- where it stood when this was last said; clicks prefer what stands high
    given_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, account_id, target_id, query),
    FOREIGN KEY (workspace_id, account_id) REFERENCES membership ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, item_id) REFERENCES item ON DELETE CASCADE
);
CREATE INDEX search_feedback_given_at_idx ON search_feedback (given_at);
CREATE INDEX search_feedback_workspace_id_item_id_idx ON search_feedback (workspace_id, item_id);

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        ALTER TABLE search_feedback ENABLE ROW LEVEL SECURITY;
        ALTER TABLE search_feedback FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON search_feedback TO recollect_app
            USING (workspace_id = (SELECT nullif(current_setting('app.ws', true), '')::uuid)
                AND account_id = (SELECT nullif(current_setting('app.uid', true), '')::uuid));
        CREATE POLICY every_workspace ON search_feedback TO recollect_worker USING (true);
        GRANT SELECT, INSERT, UPDATE, DELETE ON search_feedback TO recollect_app, recollect_worker;
    END IF;
END
$$;
