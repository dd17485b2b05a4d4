-- What has changed in a conversation, for those who watch it: narrow rows, in the order of commits and without gaps, because
-- change_seq is raised under the lock of the conversation's row. They hold ids, never words: deleted text must not linger here.

ALTER TABLE conversation ADD COLUMN change_seq bigint NOT NULL DEFAULT 0;

CREATE TABLE change (
    workspace_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('message.created', 'message.edited', 'message.deleted', 'conversation.updated',
        'conversation.deleted', 'conversation.restored', 'member.changed', 'read.changed', 'reaction.changed', 'pin.changed',
        'leaf.changed', 'run.started', 'run.ended')),
    subject_id uuid, -- the message, run, person or workspace it is about
    actor_id uuid NOT NULL, -- whose doing it was; of a reply, who asked for it
    data jsonb CHECK (octet_length(data::text) <= 2000), -- what is not in the subject as it is now
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, conversation_id, seq),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversation ON DELETE CASCADE
);
CREATE INDEX change_at_idx ON change (at);

DO $$
DECLARE
    tenant CONSTANT text := '(workspace_id = (SELECT nullif(current_setting(''app.ws'', true), '''')::uuid))';
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        ALTER TABLE change ENABLE ROW LEVEL SECURITY;
        ALTER TABLE change FORCE ROW LEVEL SECURITY;
        EXECUTE format('CREATE POLICY tenant ON change TO recollect_app USING (%s)', tenant);
        CREATE POLICY every_workspace ON change TO recollect_worker USING (true);
        GRANT SELECT, INSERT ON change TO recollect_app;
        GRANT SELECT, INSERT, DELETE ON change TO recollect_worker;
    END IF;
END
$$;
