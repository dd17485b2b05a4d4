-- Titles by a model: what making one took, which is spent whether or not it became the conversation's name.
CREATE TABLE title_call (
    workspace_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    account_id uuid NOT NULL, -- who asked for the first reply, and pays
    model text NOT NULL,
    input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    cost_micros bigint NOT NULL DEFAULT 0,
    held_tokens bigint NOT NULL DEFAULT 0, -- set aside while the call runs
    held_micros bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, conversation_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversation ON DELETE CASCADE
);
CREATE INDEX title_call_workspace_id_created_at_idx ON title_call (workspace_id, created_at);

ALTER TABLE job DROP CONSTRAINT job_kind_check;
ALTER TABLE job ADD CONSTRAINT job_kind_check CHECK (kind IN ('ingest_file', 'embed_message', 'reply', 'call_webhook',
    'call_file_webhook', 'build_generation', 'send_notice', 'send_digest', 'title'));

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        ALTER TABLE title_call ENABLE ROW LEVEL SECURITY;
        ALTER TABLE title_call FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON title_call TO recollect_app, recollect_worker
            USING (workspace_id = (SELECT nullif(current_setting('app.ws', true), '')::uuid));
        GRANT SELECT ON title_call TO recollect_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON title_call TO recollect_worker;
    END IF;
END
$$;
