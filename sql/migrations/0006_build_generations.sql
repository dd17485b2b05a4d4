-- A generation of another model is built beside the live one, measured, promoted, rolled back and dropped. Vectors have their
-- model's own dimension; those of 384, which both models that come along have, are indexed. Wider ones are compared exactly.

ALTER TABLE generation
    DROP CONSTRAINT generation_state_check,
    -- building: a job gives passages their vectors · paused · failed: the job gave up, `reason` says why · ready: complete, and
    -- kept so · active: what search uses · retired: was active, kept to go back to · dropping: its rows are being deleted
    ADD CONSTRAINT generation_state_check
        CHECK (state IN ('building', 'paused', 'failed', 'ready', 'active', 'retired', 'dropping')),
    ADD COLUMN dimension int NOT NULL DEFAULT 384,
    ADD COLUMN is_automatic boolean NOT NULL DEFAULT false, -- made by EMBEDDER, and promoted when it is ready
    ADD COLUMN embedded bigint NOT NULL DEFAULT 0, -- passages, as the job counts them
    ADD COLUMN refused bigint NOT NULL DEFAULT 0, -- passages that the model does not take
    ADD COLUMN turn int NOT NULL DEFAULT 0, -- of its jobs
    ADD COLUMN scanned_at timestamptz, -- every passage written well before has its vector
    ADD COLUMN self_recall real, -- share of its own sentences that find their passage among the first ten of a sample
    ADD COLUMN reason text NOT NULL DEFAULT '',
    ADD COLUMN promoted_at timestamptz,
    ADD COLUMN retired_at timestamptz,
    ADD COLUMN rolled_back_at timestamptz, -- told to go: EMBEDDER does not bring it back
    ADD COLUMN dropped_at timestamptz;
CREATE UNIQUE INDEX generation_workspace_id_model_idx ON generation (workspace_id, model) WHERE state NOT IN ('retired', 'dropping');

DROP INDEX embedding_vector_idx;
ALTER TABLE embedding ALTER COLUMN vector TYPE halfvec;
ALTER TABLE language_mean ALTER COLUMN mean TYPE halfvec;
CREATE INDEX embedding_vector_idx ON embedding USING hnsw ((vector::halfvec(384)) halfvec_ip_ops) WITH (m = 16, ef_construction = 64)
    WHERE vector_dims(vector) = 384;

-- Which languages a workspace holds decides on its model (EMBEDDER=auto); counted with the rest of the statistics.
ALTER TABLE corpus_stat
    ADD COLUMN detected_count bigint NOT NULL DEFAULT 0, -- passages whose language is known
    ADD COLUMN english_count bigint NOT NULL DEFAULT 0;

ALTER TABLE job DROP CONSTRAINT job_kind_check;
ALTER TABLE job ADD CONSTRAINT job_kind_check
    CHECK (kind IN ('ingest_file', 'embed_message', 'reply', 'call_webhook', 'build_generation'));
CREATE INDEX job_workspace_id_subject_id_idx ON job (workspace_id, subject_id)
    WHERE kind = 'build_generation' AND state IN ('queued', 'retry_wait', 'leased');

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        CREATE POLICY every_workspace ON generation TO recollect_worker USING (true);
    END IF;
END
$$;
