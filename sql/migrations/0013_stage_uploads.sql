-- Uploads that arrive in parts (tus 1.0): how much of each is durable, who is writing to it, and how much of the quota it holds.

CREATE TABLE upload (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    folder text NOT NULL,
    metadata text NOT NULL, -- as the client sent it
    length_bytes bigint NOT NULL CHECK (length_bytes >= 0),
    offset_bytes bigint NOT NULL DEFAULT 0 CHECK (offset_bytes BETWEEN 0 AND length_bytes), -- durable and acknowledged
    parts text[] NOT NULL DEFAULT '{}', -- keys of the stored pieces, in order, where the store cannot append
    lock_id uuid, -- of the request that writes
    locked_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '1 day',
    completed_at timestamptz,
    file_id uuid, -- what it has become; may be gone by now
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES membership ON DELETE CASCADE
);
CREATE INDEX upload_workspace_id_account_id_idx ON upload (workspace_id, account_id);
CREATE INDEX upload_expires_at_idx ON upload (expires_at);

DO $$
DECLARE
    tenant CONSTANT text := '(workspace_id = (SELECT nullif(current_setting(''app.ws'', true), '''')::uuid))';
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        ALTER TABLE upload ENABLE ROW LEVEL SECURITY;
        ALTER TABLE upload FORCE ROW LEVEL SECURITY;
        -- The whole workspace: a quota counts what its other members have under way.
        EXECUTE format('CREATE POLICY tenant ON upload TO recollect_app USING (%s)', tenant);
        CREATE POLICY every_workspace ON upload TO recollect_worker USING (true);
        GRANT SELECT, INSERT, UPDATE, DELETE ON upload TO recollect_app;
        GRANT SELECT, UPDATE, DELETE ON upload TO recollect_worker; -- UPDATE: to lock what it removes
    END IF;
END
$$;
