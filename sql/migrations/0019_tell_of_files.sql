-- Webhooks that are told how the reading of files ended, and what each is to be told; a call is a job of its own. And uploads whose
-- bytes go straight to the S3 store.

CREATE TABLE webhook (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL, -- its signing secret is derived from it and stored nowhere
    account_id uuid NOT NULL,
    url text NOT NULL,
    kinds text[] NOT NULL
        CHECK (cardinality(kinds) > 0 AND kinds <@ ARRAY['file.ready', 'file.partial', 'file.no_text', 'file.failed']),
    created_at timestamptz NOT NULL DEFAULT now(),
    failing_since timestamptz, -- of the first failure after the last success
    disabled_at timestamptz,
    reason text NOT NULL DEFAULT '', -- of the last failure
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, account_id, url),
    FOREIGN KEY (workspace_id, account_id) REFERENCES membership ON DELETE CASCADE
);

-- Written in the transaction that ends a file's job, with the job of the call.
CREATE TABLE file_event (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL, -- the same for every try of the call
    webhook_id uuid NOT NULL,
    file_id uuid NOT NULL,
    version int NOT NULL,
    kind text NOT NULL CHECK (kind IN ('file.ready', 'file.partial', 'file.no_text', 'file.failed')),
    reason_code text NOT NULL,
    reason text NOT NULL,
    remedy text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, webhook_id) REFERENCES webhook ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, file_id) REFERENCES item ON DELETE CASCADE
);
CREATE INDEX file_event_workspace_id_webhook_id_idx ON file_event (workspace_id, webhook_id);
CREATE INDEX file_event_workspace_id_file_id_idx ON file_event (workspace_id, file_id);
CREATE INDEX file_event_created_at_idx ON file_event (created_at);

ALTER TABLE job DROP CONSTRAINT job_kind_check;
ALTER TABLE job ADD CONSTRAINT job_kind_check
    CHECK (kind IN ('ingest_file', 'embed_message', 'reply', 'call_webhook', 'call_file_webhook', 'build_generation'));

-- What the client says that the bytes are; of an upload that arrives in parts (tus) NULL.
ALTER TABLE upload ADD COLUMN sha256 bytea CHECK (length(sha256) = 32);

DO $$
DECLARE
    tenant CONSTANT text := '(workspace_id = (SELECT nullif(current_setting(''app.ws'', true), '''')::uuid))';
    own CONSTANT text := '(account_id = (SELECT nullif(current_setting(''app.uid'', true), '''')::uuid))';
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;
        ALTER TABLE webhook FORCE ROW LEVEL SECURITY;
        EXECUTE format('CREATE POLICY own ON webhook TO recollect_app USING (%s AND %s)', tenant, own);
        EXECUTE format('CREATE POLICY tenant_work ON webhook TO recollect_worker USING (%s)', tenant);
        GRANT SELECT, INSERT, DELETE ON webhook TO recollect_app;
        GRANT SELECT, UPDATE ON webhook TO recollect_worker;

        ALTER TABLE file_event ENABLE ROW LEVEL SECURITY;
        ALTER TABLE file_event FORCE ROW LEVEL SECURITY;
        EXECUTE format('CREATE POLICY tenant_work ON file_event TO recollect_worker USING (%s)', tenant);
        CREATE POLICY every_workspace ON file_event TO recollect_worker USING (true);
        GRANT SELECT, INSERT, DELETE ON file_event TO recollect_worker;
    END IF;
END
$$;
