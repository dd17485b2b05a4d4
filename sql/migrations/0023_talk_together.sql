-- Several people in a conversation: links that let others in, how far each has read, whom a message names, what is pinned, how
-- people react; and what each is told of, where, and when (docs/conversations.md).

-- A link of 32 random bytes, of which the hash is kept. It lets members of the workspace in, as often and as long as it says.
CREATE TABLE conversation_invite (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    role text NOT NULL CHECK (role IN ('writer', 'reader')),
    created_by uuid NOT NULL REFERENCES account,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    uses_left int NOT NULL CHECK (uses_left >= 0),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversation ON DELETE CASCADE
);
CREATE INDEX conversation_invite_workspace_id_conversation_id_idx ON conversation_invite (workspace_id, conversation_id);

-- What is one person's own in a conversation.
CREATE TABLE conversation_person (
    workspace_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    account_id uuid NOT NULL,
    read_seq bigint NOT NULL DEFAULT 0, -- never falls
    read_at timestamptz, -- NULL: nothing was marked
    is_quiet boolean NOT NULL DEFAULT false, -- nothing of it goes out by e-mail or push
    branch_id uuid, -- the branch that is looked at; NULL: the one that was written to last
    archived_at timestamptz,
    PRIMARY KEY (workspace_id, conversation_id, account_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversation ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, account_id) REFERENCES membership ON DELETE CASCADE
);
CREATE INDEX conversation_person_workspace_id_account_id_idx ON conversation_person (workspace_id, account_id);

-- A conversation as one person sees it, who was found to be allowed to read it. Of what is unread, the next few are counted.
CREATE FUNCTION seen_conversation(ws uuid, uid uuid, conversation uuid, most_unread int)
RETURNS TABLE (last_seq bigint, change_seq bigint, branch_id uuid, forked_from_id uuid, forked_at_id uuid, imported_at timestamptz,
    read_seq bigint, unread int, is_quiet boolean, is_archived boolean)
LANGUAGE sql STABLE AS $$
    SELECT
        c.last_seq,
        c.change_seq,
        coalesce(p.branch_id, (SELECT m.branch_id FROM message m
            WHERE m.workspace_id = ws AND m.conversation_id = c.id
            ORDER BY m.seq DESC LIMIT 1)),
        s.item_id,
        CASE WHEN s.item_id IS NOT NULL THEN c.forked_at_id END,
        c.imported_at,
        coalesce(p.read_seq, 0),
        (SELECT count(*) FILTER (WHERE later.is_new)::int
            FROM (SELECT m.deleted_at IS NULL AND m.author_id IS DISTINCT FROM uid AS is_new
                FROM message m
                WHERE m.workspace_id = ws AND m.conversation_id = c.id AND m.seq > coalesce(p.read_seq, 0)
                ORDER BY m.seq
                LIMIT most_unread) AS later),
        coalesce(p.is_quiet, false),
        p.archived_at IS NOT NULL
    FROM conversation c
    LEFT JOIN conversation_person p ON p.workspace_id = ws AND p.conversation_id = c.id AND p.account_id = uid
    CROSS JOIN LATERAL (SELECT CASE WHEN c.forked_from_id IS NOT NULL THEN
        (SELECT f.item_id FROM readable(ws, uid) f WHERE f.item_id = c.forked_from_id) END AS item_id) s
    WHERE c.workspace_id = ws AND c.id = conversation
$$;

-- Whom a message names; who is named anew by an edit is told of it.
CREATE TABLE message_mention (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES account,
    PRIMARY KEY (workspace_id, message_id, account_id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES message ON DELETE CASCADE
);

CREATE TABLE message_pin (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES account, -- who pinned it
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, message_id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES message ON DELETE CASCADE
);
CREATE INDEX message_pin_workspace_id_conversation_id_idx ON message_pin (workspace_id, conversation_id, created_at);

CREATE TABLE message_reaction (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES account,
    emoji text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, message_id, account_id, emoji),
    FOREIGN KEY (workspace_id, message_id) REFERENCES message ON DELETE CASCADE
);

-- A notice is about one thing: a saved search, or an item and what happened to it. The row itself is the outbox: to_send says
-- that e-mail or push wait for a job of it. The key says what a person is told once.
ALTER TABLE notification
    ALTER COLUMN saved_search_id DROP NOT NULL,
    ADD COLUMN subject_id uuid, -- with the person and the kind, what is told once: a message, a run, a version of a file
    ADD COLUMN item_id uuid,
    ADD COLUMN message_id uuid,
    ADD COLUMN actor_id uuid REFERENCES account,
    ADD COLUMN in_app boolean NOT NULL DEFAULT true,
    ADD COLUMN to_send boolean NOT NULL DEFAULT false,
    ADD FOREIGN KEY (workspace_id, item_id) REFERENCES item ON DELETE CASCADE,
    ADD UNIQUE (workspace_id, account_id, kind, subject_id),
    ADD CHECK ((saved_search_id IS NULL) = (item_id IS NOT NULL)),
    DROP CONSTRAINT notification_kind_check,
    ADD CONSTRAINT notification_kind_check CHECK (kind IN ('saved_search.matches', 'webhook.disabled', 'mention', 'invited',
        'reply.finished', 'file.ready', 'file.failed'));
CREATE INDEX notification_workspace_id_item_id_idx ON notification (workspace_id, item_id) WHERE item_id IS NOT NULL;
CREATE INDEX notification_to_send_idx ON notification (workspace_id, id) WHERE to_send;

-- How a person wants to be told of one kind; without a row as core/notifying.py says.
CREATE TABLE notification_setting (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    in_app boolean NOT NULL,
    email text NOT NULL CHECK (email IN ('off', 'at_once', 'daily')),
    push boolean NOT NULL,
    PRIMARY KEY (workspace_id, account_id, kind),
    FOREIGN KEY (workspace_id, account_id) REFERENCES membership ON DELETE CASCADE
);

-- When a person wants to be told: not in the quiet hours (minutes of the day in tz, over midnight where they end before they
-- begin), and of what goes into the daily e-mail at digest_minute.
CREATE TABLE notification_hours (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    tz text NOT NULL DEFAULT 'UTC',
    quiet_from int CHECK (quiet_from BETWEEN 0 AND 1439),
    quiet_until int CHECK (quiet_until BETWEEN 0 AND 1439),
    digest_minute int NOT NULL DEFAULT 480 CHECK (digest_minute BETWEEN 0 AND 1439),
    digested_at timestamptz NOT NULL DEFAULT now(), -- what came before was in a daily e-mail
    PRIMARY KEY (workspace_id, account_id),
    CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
    FOREIGN KEY (workspace_id, account_id) REFERENCES membership ON DELETE CASCADE
);

-- A browser that takes pushes (RFC 8030); p256dh and auth are its keys (RFC 8291).
CREATE TABLE push_subscription (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    endpoint text NOT NULL,
    p256dh bytea NOT NULL,
    auth bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, account_id, endpoint),
    FOREIGN KEY (workspace_id, account_id) REFERENCES membership ON DELETE CASCADE
);

-- What went out of a notice already: a job that is tried again leaves it out. `way` is email, or a subscription's id.
CREATE TABLE notification_sent (
    workspace_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    way text NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, notification_id, way),
    FOREIGN KEY (workspace_id, notification_id) REFERENCES notification ON DELETE CASCADE
);

ALTER TABLE job DROP CONSTRAINT job_kind_check;
ALTER TABLE job ADD CONSTRAINT job_kind_check CHECK (kind IN ('ingest_file', 'embed_message', 'reply', 'call_webhook',
    'call_file_webhook', 'build_generation', 'send_notice', 'send_digest'));

DO $$
DECLARE
    tenant CONSTANT text := '(workspace_id = (SELECT nullif(current_setting(''app.ws'', true), '''')::uuid))';
    mine CONSTANT text := '(account_id = (SELECT nullif(current_setting(''app.uid'', true), '''')::uuid))';
    t text;
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        FOREACH t IN ARRAY ARRAY['conversation_invite', 'conversation_person', 'message_mention', 'message_pin',
            'message_reaction', 'notification_setting', 'notification_hours', 'push_subscription', 'notification_sent'] LOOP
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
            EXECUTE format('CREATE POLICY tenant_work ON %I TO recollect_worker USING (%s)', t, tenant);
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO recollect_app, recollect_worker', t);
        END LOOP;
        -- Who mentions somebody has to know how that person wants to be told.
        FOREACH t IN ARRAY ARRAY['conversation_invite', 'conversation_person', 'message_mention', 'message_pin',
            'message_reaction', 'notification_setting'] LOOP
            EXECUTE format('CREATE POLICY tenant ON %I TO recollect_app USING (%s)', t, tenant);
        END LOOP;
        FOREACH t IN ARRAY ARRAY['notification_hours', 'push_subscription'] LOOP
            EXECUTE format('CREATE POLICY own ON %I TO recollect_app USING (%s AND %s)', t, tenant, mine);
        END LOOP;
        EXECUTE format('CREATE POLICY tell ON notification FOR INSERT TO recollect_app WITH CHECK (%s)', tenant);
        CREATE POLICY every_workspace ON notification_hours TO recollect_worker USING (true);
        CREATE POLICY every_workspace ON push_subscription FOR SELECT TO recollect_worker USING (true);
        CREATE POLICY every_workspace ON notification_setting FOR SELECT TO recollect_worker USING (true);
        -- A link is looked up before its workspace is known.
        CREATE POLICY signin ON conversation_invite FOR SELECT TO recollect_signin USING (true);
        GRANT SELECT (workspace_id, token_hash, expires_at) ON conversation_invite TO recollect_signin;
    END IF;
END
$$;
