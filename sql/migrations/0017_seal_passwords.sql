-- Passwords that files are opened with: sealed, from the upload or retry until the job's end, and seen by its worker alone.

CREATE TABLE file_password (
    workspace_id uuid NOT NULL,
    version_id uuid NOT NULL,
    sealed bytea NOT NULL, -- core/sealing.py, bound to the version
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, version_id),
    FOREIGN KEY (workspace_id, version_id) REFERENCES file_version ON DELETE CASCADE
);
CREATE INDEX file_password_created_at_idx ON file_password (created_at);

-- However a job ends: ready, failed, given up, cancelled. A retry begins after that and is given the password anew.
CREATE FUNCTION forget_password() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM file_password WHERE workspace_id = NEW.workspace_id AND version_id = NEW.subject_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_password AFTER UPDATE OF state ON job FOR EACH ROW
    WHEN (NEW.kind = 'ingest_file' AND NEW.state IN ('done', 'failed', 'dead', 'cancelled'))
    EXECUTE FUNCTION forget_password();

-- Its text is for who gave the password, and for whom the file is shared with: equal bytes do not earn it (find_twin).
ALTER TABLE build ADD COLUMN with_password boolean NOT NULL DEFAULT false;

DO $$
DECLARE
    tenant CONSTANT text := '(workspace_id = (SELECT nullif(current_setting(''app.ws'', true), '''')::uuid))';
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        ALTER TABLE file_password ENABLE ROW LEVEL SECURITY;
        ALTER TABLE file_password FORCE ROW LEVEL SECURITY;
        EXECUTE format('CREATE POLICY tenant ON file_password TO recollect_app USING (%s)', tenant);
        CREATE POLICY every_workspace ON file_password TO recollect_worker USING (true);
        GRANT SELECT (workspace_id, version_id), INSERT, DELETE ON file_password TO recollect_app; -- never what is sealed
        GRANT SELECT, DELETE ON file_password TO recollect_worker;
    END IF;
END
$$;
