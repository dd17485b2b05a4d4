-- The spine: everything that Recollect stores. workspace_id comes first in every key (docs/ARCHITECTURE.md, Scale); ids are
-- UUIDv7 made by the application; no triggers; offsets are code points.

CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- People -----------------------------------------------------------------------------------------------------------------

CREATE TABLE account (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    is_admin boolean NOT NULL DEFAULT false,
    personal_workspace_id uuid NOT NULL, -- where a request acts that names no workspace
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);
CREATE UNIQUE INDEX account_email_idx ON account (lower(email));

CREATE TABLE workspace (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('personal', 'shared')),
    index_seq bigint NOT NULL DEFAULT 0, -- rises with every transaction that changes what search can find
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE membership (
    workspace_id uuid NOT NULL REFERENCES workspace,
    account_id uuid NOT NULL REFERENCES account,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'guest')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, account_id)
);
CREATE INDEX membership_account_id_idx ON membership (account_id);

CREATE TABLE session (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account,
    token_hash bytea NOT NULL UNIQUE, -- SHA-256 of 32 random bytes: high entropy, so no slow hash
    csrf_token text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('cookie', 'bearer')),
    user_agent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX session_account_id_idx ON session (account_id);

-- Random bytes that all processes of an installation share, such as the key that signs cursors.
CREATE TABLE secret (
    name text PRIMARY KEY,
    value bytea NOT NULL
);

-- What can be shared -----------------------------------------------------------------------------------------------------

-- A title as what is typed is compared with it: a space before each word, no accents, no case (fold() of search/terms.py).
CREATE FUNCTION folded_title(title text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ' ' || regexp_replace(replace(replace(replace(replace(translate(lower(
        regexp_replace(normalize(title, NFKD), U&'[\0300-\036f]', '', 'g')), 'łøđðı', 'loddi'),
        'æ', 'ae'), 'œ', 'oe'), 'ß', 'ss'), 'þ', 'th'),
        $punctuation$[][\s_./:;,(){}+&#@!?*"'“”„«»<>=|~^$%\\-]+$punctuation$, ' ', 'g')
$$;

-- An item is a conversation or a file: the thing that has an owner, a title, grants and a bin.
CREATE TABLE item (
    workspace_id uuid NOT NULL REFERENCES workspace,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('conversation', 'file')),
    owner_id uuid NOT NULL REFERENCES account,
    title text NOT NULL,
    folded text GENERATED ALWAYS AS (folded_title(title)) STORED,
    extension text NOT NULL DEFAULT '', -- of a file's name, lower case, without the dot
    active_build_id uuid, -- of a file: the build whose passages are its index
    -- The build_id of the passages to show; a conversation's are its messages', so that one equality serves both kinds.
    shown_build_id uuid GENERATED ALWAYS AS (CASE kind WHEN 'conversation' THEN id ELSE active_build_id END) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX item_workspace_id_kind_updated_at_idx ON item (workspace_id, kind, updated_at DESC, id DESC);
CREATE INDEX item_workspace_id_folded_idx ON item USING gin (workspace_id, folded gin_trgm_ops);

-- principal_id is an account, or the workspace itself: all its members but guests.
CREATE TABLE access_grant (
    workspace_id uuid NOT NULL,
    item_id uuid NOT NULL,
    principal_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'writer', 'reader')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, item_id, principal_id),
    FOREIGN KEY (workspace_id, item_id) REFERENCES item ON DELETE CASCADE
);
CREATE INDEX access_grant_workspace_id_principal_id_idx ON access_grant (workspace_id, principal_id, item_id);

-- The one permission predicate. A plain SQL function, so that the planner inlines it into each query that joins it. Its
-- conditions are equalities and uncorrelated sub-selects: an OR between columns of two tables would be tried on every row.
CREATE FUNCTION readable(ws uuid, uid uuid)
RETURNS TABLE (item_id uuid, kind text, active_build_id uuid, can_write boolean, is_owner boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT i.id, i.kind, i.shown_build_id,
        EXISTS (SELECT 1 FROM access_grant w WHERE w.workspace_id = ws AND w.item_id = i.id
            AND w.principal_id = ANY (ARRAY(
                SELECT unnest(CASE WHEN m.role = 'guest' THEN ARRAY[uid] ELSE ARRAY[uid, ws] END)
                FROM membership m WHERE m.workspace_id = ws AND m.account_id = uid))
            AND w.role IN ('owner', 'writer')),
        i.owner_id = uid
    FROM item i
    WHERE i.workspace_id = ws
        AND i.deleted_at IS NULL
        AND i.id IN (SELECT g.item_id FROM access_grant g WHERE g.workspace_id = ws
            AND g.principal_id = ANY (ARRAY(
                SELECT unnest(CASE WHEN m.role = 'guest' THEN ARRAY[uid] ELSE ARRAY[uid, ws] END)
                FROM membership m WHERE m.workspace_id = ws AND m.account_id = uid)))
$$;

-- Conversations ----------------------------------------------------------------------------------------------------------

CREATE TABLE conversation (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    last_seq bigint NOT NULL DEFAULT 0, -- raised under this row's lock: gapless, in commit order
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, id) REFERENCES item ON DELETE CASCADE
);

CREATE TABLE message (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    parent_id uuid,
    seq bigint NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'assistant')),
    author_id uuid REFERENCES account, -- NULL for a model's words
    content text NOT NULL,
    revision int NOT NULL DEFAULT 1,
    client_id text,
    run_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    edited_at timestamptz,
    deleted_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, conversation_id, seq),
    UNIQUE (workspace_id, conversation_id, author_id, client_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversation ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, parent_id) REFERENCES message
);
CREATE INDEX message_workspace_id_parent_id_idx ON message (workspace_id, parent_id);

CREATE TABLE message_revision (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    revision int NOT NULL,
    content text NOT NULL,
    editor_id uuid NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, message_id, revision),
    FOREIGN KEY (workspace_id, message_id) REFERENCES message ON DELETE CASCADE
);

CREATE TABLE message_attachment (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    file_id uuid NOT NULL,
    PRIMARY KEY (workspace_id, message_id, file_id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES message ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, file_id) REFERENCES item ON DELETE CASCADE
);

-- Files ------------------------------------------------------------------------------------------------------------------

CREATE TABLE blob (
    workspace_id uuid NOT NULL REFERENCES workspace,
    sha256 bytea NOT NULL,
    size_bytes bigint NOT NULL,
    key text NOT NULL, -- in the blob store; generated, never a person's text
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, sha256)
);

CREATE INDEX blob_key_idx ON blob (key);

CREATE TABLE file (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    folder text NOT NULL DEFAULT '', -- where it came from, with / between names; shown and searched, never opened
    media_type text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('queued', 'processing', 'ready', 'partial', 'no_text', 'failed', 'cancelled')),
    stage text NOT NULL DEFAULT '',
    reason_code text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    remedy text NOT NULL DEFAULT '',
    version int NOT NULL DEFAULT 1,
    segments_done int NOT NULL DEFAULT 0,
    segments_total int, -- NULL until the extractor knows
    passages_total int NOT NULL DEFAULT 0,
    passages_embedded int NOT NULL DEFAULT 0,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, id) REFERENCES item ON DELETE CASCADE
);
CREATE INDEX file_state_idx ON file (state) WHERE state IN ('queued', 'processing');

CREATE TABLE file_version (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    file_id uuid NOT NULL,
    version int NOT NULL,
    sha256 bytea NOT NULL,
    size_bytes bigint NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, file_id, version),
    FOREIGN KEY (workspace_id, file_id) REFERENCES file ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, sha256) REFERENCES blob
);
CREATE INDEX file_version_workspace_id_sha256_idx ON file_version (workspace_id, sha256);

-- A build is one run's text and passages of one file version; the item's active_build_id says which one search uses.
CREATE TABLE build (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    file_id uuid NOT NULL,
    version_id uuid NOT NULL,
    pipeline_version int NOT NULL,
    segments_done int NOT NULL DEFAULT 0, -- the checkpoint: a crash goes on after these
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    retired_at timestamptz, -- hidden for good: its rows are removed within a minute
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, file_id) REFERENCES file ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, version_id) REFERENCES file_version ON DELETE CASCADE
);
CREATE INDEX build_workspace_id_file_id_idx ON build (workspace_id, file_id);
CREATE INDEX build_workspace_id_version_id_idx ON build (workspace_id, version_id);
CREATE INDEX build_retired_at_idx ON build (retired_at) WHERE retired_at IS NOT NULL;

CREATE TABLE file_problem (
    workspace_id uuid NOT NULL,
    build_id uuid NOT NULL,
    ordinal int NOT NULL,
    page int,
    code text NOT NULL,
    message text NOT NULL,
    remedy text NOT NULL,
    PRIMARY KEY (workspace_id, build_id, ordinal),
    FOREIGN KEY (workspace_id, build_id) REFERENCES build ON DELETE CASCADE
);

CREATE TABLE text_segment (
    workspace_id uuid NOT NULL,
    build_id uuid NOT NULL,
    ordinal int NOT NULL,
    page int,
    label text,
    span_start int NOT NULL, -- of its first code point in the file's text
    content text NOT NULL,
    PRIMARY KEY (workspace_id, build_id, ordinal),
    FOREIGN KEY (workspace_id, build_id) REFERENCES build ON DELETE CASCADE
);

-- The index --------------------------------------------------------------------------------------------------------------

-- A passage is a chunk of a file's text or (a part of) a message. Insert-only: an edit deletes and inserts.
CREATE TABLE passage (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    item_id uuid NOT NULL,
    build_id uuid NOT NULL, -- of a message: its conversation's id (item.shown_build_id)
    message_id uuid, -- NULL for a file
    ordinal int NOT NULL,
    span_start int NOT NULL,
    span_end int NOT NULL,
    page_first int,
    page_last int,
    headings text[] NOT NULL DEFAULT '{}',
    lang text NOT NULL DEFAULT '',
    author_id uuid,
    created_at timestamptz NOT NULL, -- of the message or file, for filters and recency
    text_hash bytea NOT NULL, -- first 16 bytes of SHA-256: equal texts share one vector and collapse in results
    lexeme_count int NOT NULL, -- BM25's document length
    tsv tsvector NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, item_id) REFERENCES item ON DELETE CASCADE
) PARTITION BY HASH (workspace_id);
-- Scoring reads the tsvector of thousands of rows: kept in the row (toast_tuple_target), it is not fetched and unpacked each time.
CREATE TABLE passage_0 PARTITION OF passage FOR VALUES WITH (MODULUS 4, REMAINDER 0) WITH (toast_tuple_target = 8160);
CREATE TABLE passage_1 PARTITION OF passage FOR VALUES WITH (MODULUS 4, REMAINDER 1) WITH (toast_tuple_target = 8160);
CREATE TABLE passage_2 PARTITION OF passage FOR VALUES WITH (MODULUS 4, REMAINDER 2) WITH (toast_tuple_target = 8160);
CREATE TABLE passage_3 PARTITION OF passage FOR VALUES WITH (MODULUS 4, REMAINDER 3) WITH (toast_tuple_target = 8160);
CREATE INDEX passage_workspace_id_tsv_idx ON passage USING gin (workspace_id, tsv) WITH (fastupdate = off);
CREATE INDEX passage_workspace_id_build_id_idx ON passage (workspace_id, build_id, ordinal) INCLUDE (id);
CREATE INDEX passage_workspace_id_item_id_idx ON passage (workspace_id, item_id);
CREATE INDEX passage_workspace_id_message_id_idx ON passage (workspace_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX passage_workspace_id_text_hash_idx ON passage (workspace_id, text_hash);

-- One model's vectors of one workspace. sigma: standard deviation of the cosine of random passage pairs.
CREATE TABLE generation (
    workspace_id uuid NOT NULL REFERENCES workspace,
    id uuid NOT NULL,
    model text NOT NULL,
    state text NOT NULL CHECK (state IN ('building', 'active', 'retired')),
    sigma real,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX generation_workspace_id_active_idx ON generation (workspace_id) WHERE state = 'active';

CREATE TABLE embedding (
    workspace_id uuid NOT NULL,
    passage_id uuid NOT NULL,
    generation_id uuid NOT NULL,
    vector halfvec(384) NOT NULL, -- unit length; shorter models are padded with zeros, which keeps every cosine
    PRIMARY KEY (workspace_id, generation_id, passage_id),
    FOREIGN KEY (workspace_id, passage_id) REFERENCES passage ON DELETE CASCADE
) PARTITION BY HASH (workspace_id);
-- Sixteen graphs: each holds the vectors of other workspaces too, and a question that is nearer to those walks through them first.
DO $$
BEGIN
    FOR n IN 0..15 LOOP
        EXECUTE format('CREATE TABLE embedding_%s PARTITION OF embedding FOR VALUES WITH (MODULUS 16, REMAINDER %s)', n, n);
    END LOOP;
END
$$;
CREATE INDEX embedding_workspace_id_passage_id_idx ON embedding (workspace_id, passage_id);
CREATE INDEX embedding_vector_idx ON embedding USING hnsw (vector halfvec_ip_ops) WITH (m = 16, ef_construction = 64);

CREATE TABLE lexeme_stat (
    workspace_id uuid NOT NULL,
    lexeme text COLLATE "C" NOT NULL, -- so that the key finds prefixes whatever the database's locale
    ndoc int NOT NULL,
    PRIMARY KEY (workspace_id, lexeme)
);

CREATE TABLE corpus_stat (
    workspace_id uuid PRIMARY KEY REFERENCES workspace,
    passage_count bigint NOT NULL,
    lexeme_total bigint NOT NULL, -- the sum of lexeme_count
    refreshed_count bigint NOT NULL DEFAULT 0, -- passage_count when lexeme_stat was last counted
    refreshed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE language_mean (
    workspace_id uuid NOT NULL,
    generation_id uuid NOT NULL,
    lang text NOT NULL,
    passage_count int NOT NULL,
    mean halfvec(384) NOT NULL,
    PRIMARY KEY (workspace_id, generation_id, lang),
    FOREIGN KEY (workspace_id, generation_id) REFERENCES generation ON DELETE CASCADE
);

-- Replies ----------------------------------------------------------------------------------------------------------------

CREATE TABLE run (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    prompt_message_id uuid NOT NULL,
    reply_message_id uuid, -- set when the run ends with text
    account_id uuid NOT NULL, -- whose Scope retrieval uses
    model text NOT NULL,
    request text NOT NULL, -- the reply's options as JSON, as accepted
    state text NOT NULL CHECK (state IN ('running', 'complete', 'stopped', 'abstained', 'interrupted', 'failed')),
    stop_requested boolean NOT NULL DEFAULT false,
    last_seq bigint NOT NULL DEFAULT 0,
    content text NOT NULL DEFAULT '', -- the text so far
    trace text NOT NULL DEFAULT '', -- what retrieval gave to the model, as JSON
    usage text NOT NULL DEFAULT '',
    grounding text NOT NULL DEFAULT '', -- claims, supported, removed, as JSON
    error_code text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT '',
    retryable boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversation ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, prompt_message_id) REFERENCES message ON DELETE CASCADE
);
CREATE INDEX run_state_idx ON run (state, created_at) WHERE state = 'running';
CREATE INDEX run_workspace_id_conversation_id_idx ON run (workspace_id, conversation_id);

CREATE TABLE run_event (
    workspace_id uuid NOT NULL,
    run_id uuid NOT NULL,
    seq bigint NOT NULL, -- from 1, without gaps
    kind text NOT NULL,
    data text NOT NULL, -- JSON
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, run_id, seq),
    FOREIGN KEY (workspace_id, run_id) REFERENCES run ON DELETE CASCADE
);

CREATE TABLE citation (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    ref int NOT NULL, -- the n of [n]
    kind text NOT NULL CHECK (kind IN ('file', 'message')),
    item_id uuid NOT NULL,
    version int, -- of a file: the version; of a message: its revision
    build_id uuid,
    message_id uuid,
    passage_id uuid NOT NULL,
    title text NOT NULL,
    headings text[] NOT NULL,
    page_first int,
    page_last int,
    source_start int NOT NULL,
    source_end int NOT NULL,
    answer_start int NOT NULL,
    answer_end int NOT NULL,
    quote text NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('verbatim', 'normalised', 'paraphrase')),
    score real NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, run_id) REFERENCES run ON DELETE CASCADE
);
CREATE INDEX citation_workspace_id_run_id_idx ON citation (workspace_id, run_id);

-- Work -------------------------------------------------------------------------------------------------------------------

CREATE TABLE job (
    workspace_id uuid NOT NULL REFERENCES workspace,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('ingest_file', 'embed_message', 'reply')),
    subject_id uuid NOT NULL,
    content_hash bytea NOT NULL,
    pipeline_version int NOT NULL,
    account_id uuid NOT NULL, -- who asked for it
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'leased', 'retry_wait', 'done', 'failed', 'dead', 'cancelled')),
    stage text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    fair_key double precision NOT NULL, -- its turn, in virtual seconds (workers/ledger.py)
    run_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    schedule_to_close_at timestamptz NOT NULL,
    finished_at timestamptz,
    attempts int NOT NULL DEFAULT 0,
    crashes int NOT NULL DEFAULT 0,
    lease_token uuid,
    lease_until timestamptz,
    cancel_requested boolean NOT NULL DEFAULT false,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, kind, subject_id, content_hash, pipeline_version)
);
CREATE INDEX job_kind_fair_key_idx ON job (kind, fair_key) WHERE state IN ('queued', 'retry_wait');
CREATE INDEX job_workspace_id_kind_fair_key_idx ON job (workspace_id, kind, fair_key) WHERE state IN ('queued', 'retry_wait', 'leased');
CREATE INDEX job_lease_until_idx ON job (lease_until) WHERE state = 'leased';
CREATE INDEX job_workspace_id_created_at_idx ON job (workspace_id, created_at DESC, id DESC);

CREATE TABLE idempotency_key (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status int NOT NULL,
    body text NOT NULL, -- the first answer
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, account_id, key)
);

CREATE TABLE audit (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid,
    action text NOT NULL,
    object_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
);

CREATE TABLE heartbeat (
    process text PRIMARY KEY,
    kind text NOT NULL,
    seen_at timestamptz NOT NULL
);
