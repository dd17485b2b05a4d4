-- requires: roles
-- Row-level security, the second wall behind readable(): policies are per role (docs/adr/0002-two-walls.md).
-- recollect_app      the API and the CLI: one workspace, the one named by app.ws
-- recollect_worker   the same for content; sees the ledger and the states of files and runs of every workspace
-- recollect_search   reads the narrow index only; no barrier, so that the full-text index can be used
-- recollect_signin   accounts, sessions and memberships, before a workspace is known

GRANT USAGE ON SCHEMA public TO recollect_app, recollect_worker, recollect_search, recollect_signin;

DO $$
DECLARE
    tenant CONSTANT text := '(workspace_id = (SELECT nullif(current_setting(''app.ws'', true), '''')::uuid))';
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['account', 'workspace', 'membership', 'session', 'secret', 'item', 'access_grant', 'conversation', 'message',
        'message_revision', 'message_attachment', 'blob', 'file', 'file_version', 'file_problem', 'build', 'text_segment',
        'passage', 'generation', 'embedding', 'lexeme_stat', 'corpus_stat', 'language_mean', 'run', 'run_event', 'citation',
        'job', 'idempotency_key', 'audit', 'heartbeat'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['membership', 'item', 'access_grant', 'conversation', 'message', 'message_revision',
        'message_attachment', 'blob', 'file', 'file_version', 'file_problem', 'build', 'text_segment', 'passage', 'generation',
        'embedding', 'lexeme_stat', 'corpus_stat', 'language_mean', 'run', 'run_event', 'citation', 'job', 'idempotency_key']
    LOOP
        EXECUTE format('CREATE POLICY tenant ON %I TO recollect_app, recollect_worker USING (%s)', t, tenant);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO recollect_app, recollect_worker', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['job', 'file', 'file_version', 'blob', 'build', 'run', 'conversation', 'idempotency_key', 'corpus_stat'] LOOP
        EXECUTE format('CREATE POLICY every_workspace ON %I TO recollect_worker USING (true)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['membership', 'item', 'access_grant', 'passage', 'generation', 'embedding', 'lexeme_stat',
        'corpus_stat', 'language_mean', 'workspace'] LOOP
        EXECUTE format('CREATE POLICY index_reader ON %I FOR SELECT TO recollect_search USING (true)', t);
        EXECUTE format('GRANT SELECT ON %I TO recollect_search', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['account', 'session', 'secret', 'workspace', 'membership', 'heartbeat'] LOOP
        EXECUTE format('CREATE POLICY signin ON %I TO recollect_signin USING (true)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO recollect_signin', t);
    END LOOP;
END
$$;

CREATE POLICY own_workspace ON workspace TO recollect_app
    USING (id = (SELECT nullif(current_setting('app.ws', true), '')::uuid));
GRANT SELECT, UPDATE ON workspace TO recollect_app;
CREATE POLICY every_workspace ON workspace TO recollect_worker USING (true);
GRANT SELECT, UPDATE ON workspace TO recollect_worker;

-- People of the same workspace see each other's names; password hashes are for the sign-in role alone.
CREATE POLICY colleagues ON account FOR SELECT TO recollect_app, recollect_worker
    USING (id IN (SELECT m.account_id FROM membership m
        WHERE m.workspace_id = (SELECT nullif(current_setting('app.ws', true), '')::uuid)));
GRANT SELECT (id, email, name, is_admin, created_at, disabled_at) ON account TO recollect_app, recollect_worker;

-- The audit is written by all and read by none but the workspace's own; nobody changes it.
CREATE POLICY tenant_write ON audit FOR INSERT TO recollect_app, recollect_worker, recollect_signin WITH CHECK (true);
CREATE POLICY tenant_read ON audit FOR SELECT TO recollect_app
    USING (workspace_id = (SELECT nullif(current_setting('app.ws', true), '')::uuid));
GRANT INSERT ON audit TO recollect_app, recollect_worker, recollect_signin;
GRANT SELECT ON audit TO recollect_app;

CREATE POLICY worker ON heartbeat TO recollect_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON heartbeat TO recollect_worker;
GRANT SELECT ON schema_migration TO recollect_signin, recollect_worker; -- /readyz tells a schema that is behind
