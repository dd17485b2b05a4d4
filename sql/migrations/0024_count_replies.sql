-- Replies: who wrote them, what they cost, what is set aside for those under way, and what people say of them.

ALTER TABLE run
    ADD COLUMN answered_by text NOT NULL DEFAULT '', -- the model that wrote, which a fallback may be; '' before the first word
    ADD COLUMN first_token_ms int, -- from the claim of its job to the first words
    ADD COLUMN input_tokens bigint NOT NULL DEFAULT 0,
    ADD COLUMN output_tokens bigint NOT NULL DEFAULT 0,
    ADD COLUMN cost_micros bigint NOT NULL DEFAULT 0, -- millionths of a US dollar, by the prices known then
    ADD COLUMN held_tokens bigint NOT NULL DEFAULT 0, -- set aside for the call while it runs, so that parallel ones cannot pass a budget
    ADD COLUMN held_micros bigint NOT NULL DEFAULT 0;
CREATE INDEX run_workspace_id_created_at_idx ON run (workspace_id, created_at);

CREATE TABLE reply_feedback (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    message_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    thumb text NOT NULL CHECK (thumb IN ('up', 'down')),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 2000),
    given_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, account_id, message_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES membership ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, message_id) REFERENCES message ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES item ON DELETE CASCADE
);
CREATE INDEX reply_feedback_workspace_id_message_id_idx ON reply_feedback (workspace_id, message_id);

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        ALTER TABLE reply_feedback ENABLE ROW LEVEL SECURITY;
        ALTER TABLE reply_feedback FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON reply_feedback TO recollect_app
            USING (workspace_id = (SELECT nullif(current_setting('app.ws', true), '')::uuid)
                AND account_id = (SELECT nullif(current_setting('app.uid', true), '')::uuid));
        CREATE POLICY every_workspace ON reply_feedback TO recollect_worker USING (true);
        GRANT SELECT, INSERT, UPDATE, DELETE ON reply_feedback TO recollect_app, recollect_worker;
    END IF;
END
$$;
