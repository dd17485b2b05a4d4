-- Searches that people keep and are told about: what they ask, what is new in the index since they were asked last, what was
-- found for whom, and the notice of it. Notices are a list in the page, events, and calls of a webhook.

CREATE TABLE saved_search (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    q text NOT NULL,
    type text CHECK (type IN ('message', 'file')),
    lang text, -- NULL detects it
    tz text NOT NULL,
    is_alerting boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    webhook_url text,
    webhook_id uuid, -- of this address of this search; its signing secret is derived from it and stored nowhere
    webhook_failing_since timestamptz, -- of the first failure after the last success
    webhook_disabled_at timestamptz,
    webhook_reason text NOT NULL DEFAULT '', -- of the last failure
    PRIMARY KEY (workspace_id, id),
    UNIQUE NULLS NOT DISTINCT (workspace_id, account_id, q, type, lang, tz),
    FOREIGN KEY (workspace_id, account_id) REFERENCES membership ON DELETE CASCADE
);

-- What somebody may find now and could not before: passages just written, or (NULL) an item just shared, restored or flipped.
-- Written with the content, and only where a search is saved; the worker takes a row, asks the searches, and removes it.
CREATE TABLE search_news (
    workspace_id uuid NOT NULL REFERENCES workspace,
    id uuid NOT NULL,
    item_id uuid NOT NULL,
    passage_ids uuid[],
    taken_until timestamptz NOT NULL DEFAULT now(), -- a worker is at it until then
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, item_id) REFERENCES item ON DELETE CASCADE
);

CREATE TABLE notification (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('saved_search.matches', 'webhook.disabled')),
    saved_search_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, saved_search_id) REFERENCES saved_search ON DELETE CASCADE
);
CREATE INDEX notification_workspace_id_account_id_id_idx ON notification (workspace_id, account_id, id DESC);
CREATE INDEX notification_workspace_id_saved_search_id_idx ON notification (workspace_id, saved_search_id);
CREATE INDEX notification_created_at_idx ON notification (created_at);

-- The key says what is reported once: a message, or a version of a file, to one saved search. It outlives the passages of an
-- edit or a new build, and the notification.
CREATE TABLE saved_search_match (
    workspace_id uuid NOT NULL,
    saved_search_id uuid NOT NULL,
    subject_id uuid NOT NULL, -- the message, or the file's version
    notification_id uuid NOT NULL,
    item_id uuid NOT NULL,
    message_id uuid,
    version int,
    passage_id uuid NOT NULL, -- where it was found; may be gone
    PRIMARY KEY (workspace_id, saved_search_id, subject_id),
    FOREIGN KEY (workspace_id, saved_search_id) REFERENCES saved_search ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, item_id) REFERENCES item ON DELETE CASCADE
);
CREATE INDEX saved_search_match_workspace_id_notification_id_idx ON saved_search_match (workspace_id, notification_id);
CREATE INDEX saved_search_match_workspace_id_item_id_idx ON saved_search_match (workspace_id, item_id);

ALTER TABLE job DROP CONSTRAINT job_kind_check;
ALTER TABLE job ADD CONSTRAINT job_kind_check CHECK (kind IN ('ingest_file', 'embed_message', 'reply', 'call_webhook'));

DO $$
DECLARE
    tenant CONSTANT text := '(workspace_id = (SELECT nullif(current_setting(''app.ws'', true), '''')::uuid))';
    t text;
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        FOREACH t IN ARRAY ARRAY['saved_search', 'search_news', 'notification', 'saved_search_match'] LOOP
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
            EXECUTE format('CREATE POLICY tenant_work ON %I TO recollect_worker USING (%s)', t, tenant);
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO recollect_app, recollect_worker', t);
        END LOOP;
        -- Who writes content has to know whether anyone of the workspace saved a search.
        FOREACH t IN ARRAY ARRAY['saved_search', 'search_news', 'saved_search_match'] LOOP
            EXECUTE format('CREATE POLICY tenant ON %I TO recollect_app USING (%s)', t, tenant);
        END LOOP;
        EXECUTE format('CREATE POLICY own ON notification TO recollect_app USING (%s AND %s)', tenant,
            '(account_id = (SELECT nullif(current_setting(''app.uid'', true), '''')::uuid))');
        CREATE POLICY every_workspace ON search_news TO recollect_worker USING (true);
        CREATE POLICY every_workspace ON notification TO recollect_worker USING (true);
    END IF;
END
$$;
