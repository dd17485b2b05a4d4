-- A person's own last turn, of a workspace where others have thousands waiting.
CREATE INDEX job_workspace_id_kind_account_id_fair_key_idx ON job (workspace_id, kind, account_id, fair_key)
WHERE state IN ('queued', 'retry_wait', 'leased');
