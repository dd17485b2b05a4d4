-- Made by tests/shape/test_schema.py from sql/migrations; do not edit.

CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;

CREATE TYPE public.narrowing_option AS (
	items uuid[],
	not_items uuid[],
	passages uuid[],
	not_passages uuid[],
	kind text,
	authors uuid[],
	not_authors uuid[],
	after timestamp with time zone,
	before timestamp with time zone,
	times tstzmultirange,
	langs text[],
	not_langs text[],
	traits text[],
	not_traits text[],
	pages int4multirange[],
	not_pages int4multirange
);

CREATE TYPE public.narrowing AS (
	items uuid[],
	kind text,
	single public.narrowing_option,
	options public.narrowing_option[]
);

CREATE TABLE public.passage (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    item_id uuid NOT NULL,
    build_id uuid NOT NULL,
    message_id uuid,
    ordinal integer NOT NULL,
    span_start integer NOT NULL,
    span_end integer NOT NULL,
    page_first integer,
    page_last integer,
    headings text[] DEFAULT '{}'::text[] NOT NULL,
    lang text DEFAULT ''::text NOT NULL,
    author_id uuid,
    created_at timestamp with time zone NOT NULL,
    text_hash bytea NOT NULL,
    lexeme_count integer NOT NULL,
    tsv tsvector NOT NULL,
    traits text[] DEFAULT '{}'::text[] NOT NULL
)
PARTITION BY HASH (workspace_id);

ALTER TABLE ONLY public.passage FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.admits(p public.passage, n public.narrowing) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT ((n).items IS NULL OR (p).item_id = ANY ((n).items))
        AND ((n).kind IS NULL OR ((p).message_id IS NOT NULL) = ((n).kind = 'message'))
        AND ((n).single IS NOT DISTINCT FROM NULL OR fits(p, (n).single))
        AND ((n).options IS NULL OR fits_any(p, (n).options))
$$;

CREATE FUNCTION public.fits(p public.passage, o public.narrowing_option) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT ((o).items IS NULL OR (p).item_id = ANY ((o).items))
        AND ((o).not_items IS NULL OR (p).item_id <> ALL ((o).not_items))
        AND ((o).passages IS NULL OR (p).id = ANY ((o).passages))
        AND ((o).not_passages IS NULL OR (p).id <> ALL ((o).not_passages))
        AND ((o).kind IS NULL OR ((p).message_id IS NOT NULL) = ((o).kind = 'message'))
        AND ((o).authors IS NULL OR (p).author_id = ANY ((o).authors))
        AND ((o).not_authors IS NULL OR (p).author_id IS NULL OR (p).author_id <> ALL ((o).not_authors))
        AND ((o).after IS NULL OR (p).created_at >= (o).after)
        AND ((o).before IS NULL OR (p).created_at < (o).before)
        AND ((o).times IS NULL OR (p).created_at <@ (o).times)
        AND ((o).langs IS NULL OR (p).lang = ANY ((o).langs))
        AND ((o).not_langs IS NULL OR (p).lang <> ALL ((o).not_langs))
        AND ((o).traits IS NULL OR (p).traits @> (o).traits)
        AND ((o).not_traits IS NULL OR NOT (p).traits && (o).not_traits)
        AND ((o).pages IS NULL OR (p).page_first IS NOT NULL
            AND int4range((p).page_first, (p).page_last, '[]') && ALL ((o).pages))
        AND ((o).not_pages IS NULL OR (p).page_first IS NULL
            OR NOT int4range((p).page_first, (p).page_last, '[]') && (o).not_pages)
$$;

CREATE FUNCTION public.fits_any(p public.passage, options public.narrowing_option[]) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT cardinality(options) > 0 AND fits(p, options[1])
        OR cardinality(options) > 1 AND fits(p, options[2])
        OR cardinality(options) > 2 AND fits(p, options[3])
        OR cardinality(options) > 3 AND fits(p, options[4])
        OR cardinality(options) > 4 AND fits(p, options[5])
        OR cardinality(options) > 5 AND fits(p, options[6])
        OR cardinality(options) > 6 AND fits(p, options[7])
        OR cardinality(options) > 7 AND fits(p, options[8])
        OR cardinality(options) > 8 AND fits(p, options[9])
        OR cardinality(options) > 9 AND fits(p, options[10])
        OR cardinality(options) > 10 AND fits(p, options[11])
        OR cardinality(options) > 11 AND fits(p, options[12])
        OR cardinality(options) > 12 AND fits(p, options[13])
        OR cardinality(options) > 13 AND fits(p, options[14])
        OR cardinality(options) > 14 AND fits(p, options[15])
        OR cardinality(options) > 15 AND fits(p, options[16])
$$;

CREATE FUNCTION public.folded_title(title text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    SELECT ' ' || regexp_replace(replace(replace(replace(replace(translate(lower(
        regexp_replace(normalize(title, NFKD), U&'[\0300-\036f]', '', 'g')), 'łøđðı', 'loddi'),
        'æ', 'ae'), 'œ', 'oe'), 'ß', 'ss'), 'þ', 'th'),
        $punctuation$[][\s_./:;,(){}+&#@!?*"'“”„«»<>=|~^$%\\-]+$punctuation$, ' ', 'g')
$_$;

CREATE FUNCTION public.forget_password() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM file_password WHERE workspace_id = NEW.workspace_id AND version_id = NEW.subject_id;
    RETURN NULL;
END
$$;

CREATE TABLE public.message (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    parent_id uuid,
    seq bigint NOT NULL,
    role text NOT NULL,
    author_id uuid,
    content text NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    client_id text,
    run_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    edited_at timestamp with time zone,
    deleted_at timestamp with time zone,
    asks boolean GENERATED ALWAYS AS (((role = 'user'::text) AND ("right"(content, 40) ~ '[?？؟]\W*$'::text))) STORED NOT NULL,
    branch_id uuid NOT NULL,
    written_by text DEFAULT ''::text NOT NULL,
    place_id uuid GENERATED ALWAYS AS (COALESCE(parent_id, conversation_id)) STORED,
    CONSTRAINT message_role_check CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text])))
);

ALTER TABLE ONLY public.message FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.is_answered(m public.message) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT EXISTS (SELECT FROM message child WHERE child.workspace_id = m.workspace_id AND child.parent_id = m.id)
$$;

CREATE FUNCTION public.path_to(ws uuid, branch uuid) RETURNS TABLE(branch_id uuid, last_seq bigint)
    LANGUAGE sql STABLE
    AS $$
    WITH RECURSIVE path AS (
        SELECT branch AS branch_id, 9223372036854775807 AS last_seq
        UNION ALL
        SELECT p.branch_id, p.seq
        FROM path
        JOIN message head ON head.workspace_id = ws AND head.id = path.branch_id
        JOIN message p ON p.workspace_id = ws AND p.id = head.parent_id
    )
    SELECT path.branch_id, path.last_seq FROM path
$$;

CREATE FUNCTION public.readable(ws uuid, uid uuid) RETURNS TABLE(item_id uuid, kind text, active_build_id uuid, can_write boolean, is_owner boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
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

CREATE FUNCTION public.readable_holders(ws uuid, uid uuid, lexeme text, tried integer, most integer) RETURNS TABLE(passage_id uuid)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT c.id
    FROM (
        SELECT p.id, p.item_id, p.build_id
        FROM passage p
        WHERE p.workspace_id = ws
            AND p.tsv @@ ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery
        LIMIT tried
    ) AS c
    JOIN readable(ws, uid) r ON r.item_id = c.item_id AND r.active_build_id = c.build_id
    LIMIT most
$$;

CREATE FUNCTION public.seen_conversation(ws uuid, uid uuid, conversation uuid, most_unread integer) RETURNS TABLE(last_seq bigint, change_seq bigint, branch_id uuid, forked_from_id uuid, forked_at_id uuid, imported_at timestamp with time zone, read_seq bigint, unread integer, is_quiet boolean, is_archived boolean)
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION public.siblings_of(ws uuid, place uuid, said_by text, at bigint) RETURNS TABLE(siblings integer, sibling_index integer, previous_id uuid, next_id uuid)
    LANGUAGE sql STABLE
    AS $$
    SELECT
        count(*)::int,
        (count(*) FILTER (WHERE s.seq <= at))::int,
        (SELECT b.id FROM message b
            WHERE b.workspace_id = ws AND b.place_id = place AND b.role = said_by AND b.seq < at
                AND (b.deleted_at IS NULL OR is_answered(b))
            ORDER BY b.seq DESC LIMIT 1),
        (SELECT a.id FROM message a
            WHERE a.workspace_id = ws AND a.place_id = place AND a.role = said_by AND a.seq > at
                AND (a.deleted_at IS NULL OR is_answered(a))
            ORDER BY a.seq LIMIT 1)
    FROM (
        SELECT s.seq
        FROM message s
        WHERE s.workspace_id = ws AND s.place_id = place AND s.role = said_by AND (s.deleted_at IS NULL OR is_answered(s))
        ORDER BY s.seq
        LIMIT 100
    ) s
$$;

CREATE FUNCTION public.take_branch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    SELECT p.branch_id INTO NEW.branch_id
    FROM message p
    WHERE p.workspace_id = NEW.workspace_id
        AND p.id = NEW.parent_id
        AND NOT EXISTS (SELECT FROM message s
            WHERE s.workspace_id = NEW.workspace_id AND s.parent_id = NEW.parent_id
                AND (NEW.role = 'user' OR s.role = 'assistant') AND (s.deleted_at IS NULL OR is_answered(s)));
    NEW.branch_id := coalesce(NEW.branch_id, NEW.id);
    RETURN NEW;
END
$$;

CREATE TABLE public.access_grant (
    workspace_id uuid NOT NULL,
    item_id uuid NOT NULL,
    principal_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT access_grant_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'writer'::text, 'reader'::text])))
);
ALTER TABLE ONLY public.access_grant ALTER COLUMN principal_id SET (n_distinct=40);

ALTER TABLE ONLY public.access_grant FORCE ROW LEVEL SECURITY;

CREATE TABLE public.account (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    is_admin boolean DEFAULT false NOT NULL,
    personal_workspace_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    disabled_at timestamp with time zone,
    folded text GENERATED ALWAYS AS ((public.folded_title(name) || public.folded_title(email))) STORED
);

ALTER TABLE ONLY public.account FORCE ROW LEVEL SECURITY;

CREATE TABLE public.audit (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid,
    action text NOT NULL,
    object_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.audit FORCE ROW LEVEL SECURITY;

CREATE TABLE public.blob (
    workspace_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    size_bytes bigint NOT NULL,
    key text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.blob FORCE ROW LEVEL SECURITY;

CREATE TABLE public.build (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    file_id uuid NOT NULL,
    version_id uuid NOT NULL,
    pipeline_version integer NOT NULL,
    segments_done integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    retired_at timestamp with time zone,
    text_of uuid,
    archived_at timestamp with time zone,
    with_password boolean DEFAULT false NOT NULL
);

ALTER TABLE ONLY public.build FORCE ROW LEVEL SECURITY;

CREATE TABLE public.change (
    workspace_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    subject_id uuid,
    actor_id uuid NOT NULL,
    data jsonb,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT change_data_check CHECK ((octet_length((data)::text) <= 2000)),
    CONSTRAINT change_kind_check CHECK ((kind = ANY (ARRAY['message.created'::text, 'message.edited'::text, 'message.deleted'::text, 'conversation.updated'::text, 'conversation.deleted'::text, 'conversation.restored'::text, 'member.changed'::text, 'read.changed'::text, 'reaction.changed'::text, 'pin.changed'::text, 'leaf.changed'::text, 'own.changed'::text, 'run.started'::text, 'run.ended'::text])))
);

ALTER TABLE ONLY public.change FORCE ROW LEVEL SECURITY;

CREATE TABLE public.citation (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    ref integer NOT NULL,
    kind text NOT NULL,
    item_id uuid NOT NULL,
    version integer,
    build_id uuid,
    message_id uuid,
    passage_id uuid NOT NULL,
    title text NOT NULL,
    headings text[] NOT NULL,
    page_first integer,
    page_last integer,
    source_start integer NOT NULL,
    source_end integer NOT NULL,
    answer_start integer NOT NULL,
    answer_end integer NOT NULL,
    quote text NOT NULL,
    verdict text NOT NULL,
    score real NOT NULL,
    CONSTRAINT citation_kind_check CHECK ((kind = ANY (ARRAY['file'::text, 'message'::text]))),
    CONSTRAINT citation_verdict_check CHECK ((verdict = ANY (ARRAY['verbatim'::text, 'normalised'::text, 'paraphrase'::text, 'unverified'::text])))
);

ALTER TABLE ONLY public.citation FORCE ROW LEVEL SECURITY;

CREATE TABLE public.conversation (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    change_seq bigint DEFAULT 0 NOT NULL,
    named_by text DEFAULT 'person'::text NOT NULL,
    forked_from_id uuid,
    forked_at_id uuid,
    imported_at timestamp with time zone,
    CONSTRAINT conversation_named_by_check CHECK ((named_by = ANY (ARRAY['nobody'::text, 'words'::text, 'model'::text, 'person'::text])))
);

ALTER TABLE ONLY public.conversation FORCE ROW LEVEL SECURITY;

CREATE TABLE public.conversation_invite (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    role text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    uses_left integer NOT NULL,
    CONSTRAINT conversation_invite_role_check CHECK ((role = ANY (ARRAY['writer'::text, 'reader'::text]))),
    CONSTRAINT conversation_invite_uses_left_check CHECK ((uses_left >= 0))
);

ALTER TABLE ONLY public.conversation_invite FORCE ROW LEVEL SECURITY;

CREATE TABLE public.conversation_person (
    workspace_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    account_id uuid NOT NULL,
    read_seq bigint DEFAULT 0 NOT NULL,
    read_at timestamp with time zone,
    is_quiet boolean DEFAULT false NOT NULL,
    branch_id uuid,
    archived_at timestamp with time zone
);

ALTER TABLE ONLY public.conversation_person FORCE ROW LEVEL SECURITY;

CREATE TABLE public.corpus_stat (
    workspace_id uuid NOT NULL,
    passage_count bigint NOT NULL,
    lexeme_total bigint NOT NULL,
    refreshed_count bigint DEFAULT 0 NOT NULL,
    refreshed_at timestamp with time zone DEFAULT now() NOT NULL,
    detected_count bigint DEFAULT 0 NOT NULL,
    english_count bigint DEFAULT 0 NOT NULL,
    counted_until uuid,
    counted_since bigint DEFAULT 0 NOT NULL,
    counted_total bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.corpus_stat FORCE ROW LEVEL SECURITY;

CREATE TABLE public.embedding (
    workspace_id uuid NOT NULL,
    passage_id uuid NOT NULL,
    generation_id uuid NOT NULL,
    vector public.halfvec NOT NULL
)
PARTITION BY HASH (workspace_id);

ALTER TABLE ONLY public.embedding FORCE ROW LEVEL SECURITY;

CREATE TABLE public.embedding_0 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_1 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_10 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_11 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_12 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_13 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_14 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_15 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_2 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_3 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_4 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_5 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_6 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_7 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_8 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.embedding_9 (
    workspace_id uuid CONSTRAINT embedding_workspace_id_not_null NOT NULL,
    passage_id uuid CONSTRAINT embedding_passage_id_not_null NOT NULL,
    generation_id uuid CONSTRAINT embedding_generation_id_not_null NOT NULL,
    vector public.halfvec CONSTRAINT embedding_vector_not_null NOT NULL
)
WITH (vacuum_index_cleanup=off);

CREATE TABLE public.file (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    folder text DEFAULT ''::text NOT NULL,
    media_type text DEFAULT ''::text NOT NULL,
    state text NOT NULL,
    stage text DEFAULT ''::text NOT NULL,
    reason_code text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    remedy text DEFAULT ''::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    segments_done integer DEFAULT 0 NOT NULL,
    segments_total integer,
    passages_total integer DEFAULT 0 NOT NULL,
    passages_embedded integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    parent_id uuid,
    parent_path text,
    parent_version integer,
    root_id uuid,
    depth smallint DEFAULT 0 NOT NULL,
    member_count integer DEFAULT 0 NOT NULL,
    member_bytes bigint DEFAULT 0 NOT NULL,
    CONSTRAINT file_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'processing'::text, 'ready'::text, 'partial'::text, 'no_text'::text, 'failed'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY public.file FORCE ROW LEVEL SECURITY;

CREATE TABLE public.file_event (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    file_id uuid NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL,
    reason_code text NOT NULL,
    reason text NOT NULL,
    remedy text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT file_event_kind_check CHECK ((kind = ANY (ARRAY['file.ready'::text, 'file.partial'::text, 'file.no_text'::text, 'file.failed'::text])))
);

ALTER TABLE ONLY public.file_event FORCE ROW LEVEL SECURITY;

CREATE TABLE public.file_password (
    workspace_id uuid NOT NULL,
    version_id uuid NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.file_password FORCE ROW LEVEL SECURITY;

CREATE TABLE public.file_problem (
    workspace_id uuid NOT NULL,
    build_id uuid NOT NULL,
    ordinal integer NOT NULL,
    page integer,
    code text NOT NULL,
    message text NOT NULL,
    remedy text NOT NULL
);

ALTER TABLE ONLY public.file_problem FORCE ROW LEVEL SECURITY;

CREATE TABLE public.file_version (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    file_id uuid NOT NULL,
    version integer NOT NULL,
    sha256 bytea NOT NULL,
    size_bytes bigint NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    account_id uuid,
    title text DEFAULT ''::text NOT NULL,
    author text DEFAULT ''::text NOT NULL,
    created text DEFAULT ''::text NOT NULL,
    modified text DEFAULT ''::text NOT NULL,
    language text DEFAULT ''::text NOT NULL
);

ALTER TABLE ONLY public.file_version FORCE ROW LEVEL SECURITY;

CREATE TABLE public.generation (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    model text NOT NULL,
    state text NOT NULL,
    sigma real,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    dimension integer DEFAULT 384 NOT NULL,
    is_automatic boolean DEFAULT false NOT NULL,
    embedded bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    turn integer DEFAULT 0 NOT NULL,
    scanned_at timestamp with time zone,
    self_recall real,
    reason text DEFAULT ''::text NOT NULL,
    promoted_at timestamp with time zone,
    retired_at timestamp with time zone,
    rolled_back_at timestamp with time zone,
    dropped_at timestamp with time zone,
    CONSTRAINT generation_state_check CHECK ((state = ANY (ARRAY['building'::text, 'paused'::text, 'failed'::text, 'ready'::text, 'active'::text, 'retired'::text, 'dropping'::text])))
);

ALTER TABLE ONLY public.generation FORCE ROW LEVEL SECURITY;

CREATE TABLE public.heartbeat (
    process text NOT NULL,
    kind text NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.heartbeat FORCE ROW LEVEL SECURITY;

CREATE TABLE public.idempotency_key (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.idempotency_key FORCE ROW LEVEL SECURITY;

CREATE TABLE public.index_care (
    partition text NOT NULL,
    counter bigint NOT NULL,
    deleted bigint DEFAULT 0 NOT NULL,
    rebuilt_at timestamp with time zone
);

ALTER TABLE ONLY public.index_care FORCE ROW LEVEL SECURITY;

CREATE TABLE public.item (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    owner_id uuid NOT NULL,
    title text NOT NULL,
    folded text GENERATED ALWAYS AS (public.folded_title(title)) STORED,
    extension text DEFAULT ''::text NOT NULL,
    active_build_id uuid,
    shown_build_id uuid GENERATED ALWAYS AS (
CASE kind
    WHEN 'conversation'::text THEN id
    ELSE active_build_id
END) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    about text DEFAULT ''::text NOT NULL,
    named text GENERATED ALWAYS AS (lower(((title || ' '::text) || about))) STORED,
    CONSTRAINT item_kind_check CHECK ((kind = ANY (ARRAY['conversation'::text, 'file'::text])))
);

ALTER TABLE ONLY public.item FORCE ROW LEVEL SECURITY;

CREATE TABLE public.job (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    content_hash bytea NOT NULL,
    pipeline_version integer NOT NULL,
    account_id uuid NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    stage text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    fair_key double precision NOT NULL,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    schedule_to_close_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    crashes integer DEFAULT 0 NOT NULL,
    lease_token uuid,
    lease_until timestamp with time zone,
    cancel_requested boolean DEFAULT false NOT NULL,
    first_step text DEFAULT 'extract'::text NOT NULL,
    came_to bigint DEFAULT 0 NOT NULL,
    needs_memory boolean DEFAULT false NOT NULL,
    CONSTRAINT job_first_step_check CHECK ((first_step = ANY (ARRAY['extract'::text, 'chunk'::text, 'embed'::text]))),
    CONSTRAINT job_kind_check CHECK ((kind = ANY (ARRAY['ingest_file'::text, 'embed_message'::text, 'reply'::text, 'call_webhook'::text, 'call_file_webhook'::text, 'build_generation'::text, 'send_notice'::text, 'send_digest'::text, 'title'::text]))),
    CONSTRAINT job_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'leased'::text, 'retry_wait'::text, 'done'::text, 'failed'::text, 'dead'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY public.job FORCE ROW LEVEL SECURITY;

CREATE TABLE public.language_mean (
    workspace_id uuid NOT NULL,
    generation_id uuid NOT NULL,
    lang text NOT NULL,
    passage_count integer NOT NULL,
    mean public.halfvec NOT NULL
);

ALTER TABLE ONLY public.language_mean FORCE ROW LEVEL SECURITY;

CREATE TABLE public.lexeme_stat (
    workspace_id uuid NOT NULL,
    lexeme text NOT NULL COLLATE pg_catalog."C",
    ndoc integer NOT NULL
)
WITH (fillfactor='70');

ALTER TABLE ONLY public.lexeme_stat FORCE ROW LEVEL SECURITY;

CREATE TABLE public.membership (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    gives_feedback boolean DEFAULT true NOT NULL,
    keeps_recent boolean DEFAULT true NOT NULL,
    CONSTRAINT membership_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'guest'::text])))
);

ALTER TABLE ONLY public.membership FORCE ROW LEVEL SECURITY;

CREATE TABLE public.message_attachment (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    file_id uuid NOT NULL
);

ALTER TABLE ONLY public.message_attachment FORCE ROW LEVEL SECURITY;

CREATE TABLE public.message_mention (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    account_id uuid NOT NULL
);

ALTER TABLE ONLY public.message_mention FORCE ROW LEVEL SECURITY;

CREATE TABLE public.message_pin (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    account_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.message_pin FORCE ROW LEVEL SECURITY;

CREATE TABLE public.message_reaction (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    account_id uuid NOT NULL,
    emoji text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.message_reaction FORCE ROW LEVEL SECURITY;

CREATE TABLE public.message_revision (
    workspace_id uuid NOT NULL,
    message_id uuid NOT NULL,
    revision integer NOT NULL,
    content text NOT NULL,
    editor_id uuid NOT NULL,
    replaced_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.message_revision FORCE ROW LEVEL SECURITY;

CREATE TABLE public.notification (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    saved_search_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    read_at timestamp with time zone,
    subject_id uuid,
    item_id uuid,
    message_id uuid,
    actor_id uuid,
    in_app boolean DEFAULT true NOT NULL,
    to_send boolean DEFAULT false NOT NULL,
    CONSTRAINT notification_check CHECK (((saved_search_id IS NULL) = (item_id IS NOT NULL))),
    CONSTRAINT notification_kind_check CHECK ((kind = ANY (ARRAY['saved_search.matches'::text, 'webhook.disabled'::text, 'mention'::text, 'invited'::text, 'reply.finished'::text, 'file.ready'::text, 'file.failed'::text])))
);

ALTER TABLE ONLY public.notification FORCE ROW LEVEL SECURITY;

CREATE TABLE public.notification_hours (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    tz text DEFAULT 'UTC'::text NOT NULL,
    quiet_from integer,
    quiet_until integer,
    digest_minute integer DEFAULT 480 NOT NULL,
    digested_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT notification_hours_check CHECK (((quiet_from IS NULL) = (quiet_until IS NULL))),
    CONSTRAINT notification_hours_digest_minute_check CHECK (((digest_minute >= 0) AND (digest_minute <= 1439))),
    CONSTRAINT notification_hours_quiet_from_check CHECK (((quiet_from >= 0) AND (quiet_from <= 1439))),
    CONSTRAINT notification_hours_quiet_until_check CHECK (((quiet_until >= 0) AND (quiet_until <= 1439)))
);

ALTER TABLE ONLY public.notification_hours FORCE ROW LEVEL SECURITY;

CREATE TABLE public.notification_sent (
    workspace_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    way text NOT NULL,
    sent_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.notification_sent FORCE ROW LEVEL SECURITY;

CREATE TABLE public.notification_setting (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    in_app boolean NOT NULL,
    email text NOT NULL,
    push boolean NOT NULL,
    CONSTRAINT notification_setting_email_check CHECK ((email = ANY (ARRAY['off'::text, 'at_once'::text, 'daily'::text])))
);

ALTER TABLE ONLY public.notification_setting FORCE ROW LEVEL SECURITY;

CREATE TABLE public.passage_0 (
    workspace_id uuid CONSTRAINT passage_workspace_id_not_null NOT NULL,
    id uuid CONSTRAINT passage_id_not_null NOT NULL,
    item_id uuid CONSTRAINT passage_item_id_not_null NOT NULL,
    build_id uuid CONSTRAINT passage_build_id_not_null NOT NULL,
    message_id uuid,
    ordinal integer CONSTRAINT passage_ordinal_not_null NOT NULL,
    span_start integer CONSTRAINT passage_span_start_not_null NOT NULL,
    span_end integer CONSTRAINT passage_span_end_not_null NOT NULL,
    page_first integer,
    page_last integer,
    headings text[] DEFAULT '{}'::text[] CONSTRAINT passage_headings_not_null NOT NULL,
    lang text DEFAULT ''::text CONSTRAINT passage_lang_not_null NOT NULL,
    author_id uuid,
    created_at timestamp with time zone CONSTRAINT passage_created_at_not_null NOT NULL,
    text_hash bytea CONSTRAINT passage_text_hash_not_null NOT NULL,
    lexeme_count integer CONSTRAINT passage_lexeme_count_not_null NOT NULL,
    tsv tsvector CONSTRAINT passage_tsv_not_null NOT NULL,
    traits text[] DEFAULT '{}'::text[] CONSTRAINT passage_traits_not_null NOT NULL
)
WITH (toast_tuple_target='8160');

CREATE TABLE public.passage_1 (
    workspace_id uuid CONSTRAINT passage_workspace_id_not_null NOT NULL,
    id uuid CONSTRAINT passage_id_not_null NOT NULL,
    item_id uuid CONSTRAINT passage_item_id_not_null NOT NULL,
    build_id uuid CONSTRAINT passage_build_id_not_null NOT NULL,
    message_id uuid,
    ordinal integer CONSTRAINT passage_ordinal_not_null NOT NULL,
    span_start integer CONSTRAINT passage_span_start_not_null NOT NULL,
    span_end integer CONSTRAINT passage_span_end_not_null NOT NULL,
    page_first integer,
    page_last integer,
    headings text[] DEFAULT '{}'::text[] CONSTRAINT passage_headings_not_null NOT NULL,
    lang text DEFAULT ''::text CONSTRAINT passage_lang_not_null NOT NULL,
    author_id uuid,
    created_at timestamp with time zone CONSTRAINT passage_created_at_not_null NOT NULL,
    text_hash bytea CONSTRAINT passage_text_hash_not_null NOT NULL,
    lexeme_count integer CONSTRAINT passage_lexeme_count_not_null NOT NULL,
    tsv tsvector CONSTRAINT passage_tsv_not_null NOT NULL,
    traits text[] DEFAULT '{}'::text[] CONSTRAINT passage_traits_not_null NOT NULL
)
WITH (toast_tuple_target='8160');

CREATE TABLE public.passage_2 (
    workspace_id uuid CONSTRAINT passage_workspace_id_not_null NOT NULL,
    id uuid CONSTRAINT passage_id_not_null NOT NULL,
    item_id uuid CONSTRAINT passage_item_id_not_null NOT NULL,
    build_id uuid CONSTRAINT passage_build_id_not_null NOT NULL,
    message_id uuid,
    ordinal integer CONSTRAINT passage_ordinal_not_null NOT NULL,
    span_start integer CONSTRAINT passage_span_start_not_null NOT NULL,
    span_end integer CONSTRAINT passage_span_end_not_null NOT NULL,
    page_first integer,
    page_last integer,
    headings text[] DEFAULT '{}'::text[] CONSTRAINT passage_headings_not_null NOT NULL,
    lang text DEFAULT ''::text CONSTRAINT passage_lang_not_null NOT NULL,
    author_id uuid,
    created_at timestamp with time zone CONSTRAINT passage_created_at_not_null NOT NULL,
    text_hash bytea CONSTRAINT passage_text_hash_not_null NOT NULL,
    lexeme_count integer CONSTRAINT passage_lexeme_count_not_null NOT NULL,
    tsv tsvector CONSTRAINT passage_tsv_not_null NOT NULL,
    traits text[] DEFAULT '{}'::text[] CONSTRAINT passage_traits_not_null NOT NULL
)
WITH (toast_tuple_target='8160');

CREATE TABLE public.passage_3 (
    workspace_id uuid CONSTRAINT passage_workspace_id_not_null NOT NULL,
    id uuid CONSTRAINT passage_id_not_null NOT NULL,
    item_id uuid CONSTRAINT passage_item_id_not_null NOT NULL,
    build_id uuid CONSTRAINT passage_build_id_not_null NOT NULL,
    message_id uuid,
    ordinal integer CONSTRAINT passage_ordinal_not_null NOT NULL,
    span_start integer CONSTRAINT passage_span_start_not_null NOT NULL,
    span_end integer CONSTRAINT passage_span_end_not_null NOT NULL,
    page_first integer,
    page_last integer,
    headings text[] DEFAULT '{}'::text[] CONSTRAINT passage_headings_not_null NOT NULL,
    lang text DEFAULT ''::text CONSTRAINT passage_lang_not_null NOT NULL,
    author_id uuid,
    created_at timestamp with time zone CONSTRAINT passage_created_at_not_null NOT NULL,
    text_hash bytea CONSTRAINT passage_text_hash_not_null NOT NULL,
    lexeme_count integer CONSTRAINT passage_lexeme_count_not_null NOT NULL,
    tsv tsvector CONSTRAINT passage_tsv_not_null NOT NULL,
    traits text[] DEFAULT '{}'::text[] CONSTRAINT passage_traits_not_null NOT NULL
)
WITH (toast_tuple_target='8160');

CREATE TABLE public.push_subscription (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    endpoint text NOT NULL,
    p256dh bytea NOT NULL,
    auth bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.push_subscription FORCE ROW LEVEL SECURITY;

CREATE TABLE public.recent_query (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    query text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT recent_query_query_check CHECK (((length(query) >= 1) AND (length(query) <= 512)))
);

ALTER TABLE ONLY public.recent_query FORCE ROW LEVEL SECURITY;

CREATE TABLE public.reply_feedback (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    message_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    thumb text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    given_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT reply_feedback_reason_check CHECK ((length(reason) <= 2000)),
    CONSTRAINT reply_feedback_thumb_check CHECK ((thumb = ANY (ARRAY['up'::text, 'down'::text])))
);

ALTER TABLE ONLY public.reply_feedback FORCE ROW LEVEL SECURITY;

CREATE TABLE public.run (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    prompt_message_id uuid NOT NULL,
    reply_message_id uuid,
    account_id uuid NOT NULL,
    model text NOT NULL,
    request text NOT NULL,
    state text NOT NULL,
    stop_requested boolean DEFAULT false NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    content text DEFAULT ''::text NOT NULL,
    trace text DEFAULT ''::text NOT NULL,
    usage text DEFAULT ''::text NOT NULL,
    grounding text DEFAULT ''::text NOT NULL,
    error_code text DEFAULT ''::text NOT NULL,
    error text DEFAULT ''::text NOT NULL,
    retryable boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    answered_by text DEFAULT ''::text NOT NULL,
    first_token_ms integer,
    input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    cost_micros bigint DEFAULT 0 NOT NULL,
    held_tokens bigint DEFAULT 0 NOT NULL,
    held_micros bigint DEFAULT 0 NOT NULL,
    CONSTRAINT run_state_check CHECK ((state = ANY (ARRAY['running'::text, 'complete'::text, 'stopped'::text, 'abstained'::text, 'interrupted'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.run FORCE ROW LEVEL SECURITY;

CREATE TABLE public.run_event (
    workspace_id uuid NOT NULL,
    run_id uuid NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    data text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.run_event FORCE ROW LEVEL SECURITY;

CREATE TABLE public.saved_search (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    q text NOT NULL,
    type text,
    lang text,
    tz text NOT NULL,
    is_alerting boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    webhook_url text,
    webhook_id uuid,
    webhook_failing_since timestamp with time zone,
    webhook_disabled_at timestamp with time zone,
    webhook_reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT saved_search_type_check CHECK ((type = ANY (ARRAY['message'::text, 'file'::text])))
);

ALTER TABLE ONLY public.saved_search FORCE ROW LEVEL SECURITY;

CREATE TABLE public.saved_search_match (
    workspace_id uuid NOT NULL,
    saved_search_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    item_id uuid NOT NULL,
    message_id uuid,
    version integer,
    passage_id uuid NOT NULL
);

ALTER TABLE ONLY public.saved_search_match FORCE ROW LEVEL SECURITY;

CREATE TABLE public.schema_migration (
    number integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.search_feedback (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    query text NOT NULL,
    target_id uuid NOT NULL,
    item_id uuid NOT NULL,
    clicks integer DEFAULT 0 NOT NULL,
    thumb text,
    rank integer,
    given_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT search_feedback_query_check CHECK (((length(query) >= 1) AND (length(query) <= 512))),
    CONSTRAINT search_feedback_rank_check CHECK ((rank > 0)),
    CONSTRAINT search_feedback_thumb_check CHECK ((thumb = ANY (ARRAY['up'::text, 'down'::text])))
);

ALTER TABLE ONLY public.search_feedback FORCE ROW LEVEL SECURITY;

CREATE TABLE public.search_news (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    item_id uuid NOT NULL,
    passage_ids uuid[],
    taken_until timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.search_news FORCE ROW LEVEL SECURITY;

CREATE TABLE public.secret (
    name text NOT NULL,
    value bytea NOT NULL
);

ALTER TABLE ONLY public.secret FORCE ROW LEVEL SECURITY;

CREATE TABLE public.session (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    csrf_token text NOT NULL,
    kind text NOT NULL,
    user_agent text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    prolongs boolean DEFAULT true NOT NULL,
    CONSTRAINT session_kind_check CHECK ((kind = ANY (ARRAY['cookie'::text, 'bearer'::text])))
);

ALTER TABLE ONLY public.session FORCE ROW LEVEL SECURITY;

CREATE TABLE public.text_segment (
    workspace_id uuid NOT NULL,
    build_id uuid NOT NULL,
    ordinal integer NOT NULL,
    page integer,
    label text,
    span_start integer NOT NULL,
    content text NOT NULL
);

ALTER TABLE ONLY public.text_segment FORCE ROW LEVEL SECURITY;

CREATE TABLE public.title_call (
    workspace_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    account_id uuid NOT NULL,
    model text NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    cost_micros bigint DEFAULT 0 NOT NULL,
    held_tokens bigint DEFAULT 0 NOT NULL,
    held_micros bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.title_call FORCE ROW LEVEL SECURITY;

CREATE TABLE public.upload (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    folder text NOT NULL,
    metadata text NOT NULL,
    length_bytes bigint NOT NULL,
    offset_bytes bigint DEFAULT 0 NOT NULL,
    parts text[] DEFAULT '{}'::text[] NOT NULL,
    lock_id uuid,
    locked_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone DEFAULT (now() + '1 day'::interval) NOT NULL,
    completed_at timestamp with time zone,
    file_id uuid,
    sha256 bytea,
    CONSTRAINT upload_check CHECK (((offset_bytes >= 0) AND (offset_bytes <= length_bytes))),
    CONSTRAINT upload_length_bytes_check CHECK ((length_bytes >= 0)),
    CONSTRAINT upload_sha256_check CHECK ((length(sha256) = 32))
);

ALTER TABLE ONLY public.upload FORCE ROW LEVEL SECURITY;

CREATE TABLE public.webhook (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    url text NOT NULL,
    kinds text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    failing_since timestamp with time zone,
    disabled_at timestamp with time zone,
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT webhook_kinds_check CHECK (((cardinality(kinds) > 0) AND (kinds <@ ARRAY['file.ready'::text, 'file.partial'::text, 'file.no_text'::text, 'file.failed'::text])))
);

ALTER TABLE ONLY public.webhook FORCE ROW LEVEL SECURITY;

CREATE TABLE public.workspace (
    id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    index_seq bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    keeps_feedback boolean DEFAULT true NOT NULL,
    CONSTRAINT workspace_kind_check CHECK ((kind = ANY (ARRAY['personal'::text, 'shared'::text])))
);

ALTER TABLE ONLY public.workspace FORCE ROW LEVEL SECURITY;

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_0 FOR VALUES WITH (modulus 16, remainder 0);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_1 FOR VALUES WITH (modulus 16, remainder 1);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_10 FOR VALUES WITH (modulus 16, remainder 10);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_11 FOR VALUES WITH (modulus 16, remainder 11);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_12 FOR VALUES WITH (modulus 16, remainder 12);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_13 FOR VALUES WITH (modulus 16, remainder 13);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_14 FOR VALUES WITH (modulus 16, remainder 14);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_15 FOR VALUES WITH (modulus 16, remainder 15);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_2 FOR VALUES WITH (modulus 16, remainder 2);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_3 FOR VALUES WITH (modulus 16, remainder 3);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_4 FOR VALUES WITH (modulus 16, remainder 4);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_5 FOR VALUES WITH (modulus 16, remainder 5);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_6 FOR VALUES WITH (modulus 16, remainder 6);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_7 FOR VALUES WITH (modulus 16, remainder 7);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_8 FOR VALUES WITH (modulus 16, remainder 8);

ALTER TABLE ONLY public.embedding ATTACH PARTITION public.embedding_9 FOR VALUES WITH (modulus 16, remainder 9);

ALTER TABLE ONLY public.passage ATTACH PARTITION public.passage_0 FOR VALUES WITH (modulus 4, remainder 0);

ALTER TABLE ONLY public.passage ATTACH PARTITION public.passage_1 FOR VALUES WITH (modulus 4, remainder 1);

ALTER TABLE ONLY public.passage ATTACH PARTITION public.passage_2 FOR VALUES WITH (modulus 4, remainder 2);

ALTER TABLE ONLY public.passage ATTACH PARTITION public.passage_3 FOR VALUES WITH (modulus 4, remainder 3);

ALTER TABLE ONLY public.access_grant
    ADD CONSTRAINT access_grant_pkey PRIMARY KEY (workspace_id, item_id, principal_id);

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.blob
    ADD CONSTRAINT blob_pkey PRIMARY KEY (workspace_id, sha256);

ALTER TABLE ONLY public.build
    ADD CONSTRAINT build_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (workspace_id, conversation_id, seq);

ALTER TABLE ONLY public.citation
    ADD CONSTRAINT citation_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.conversation_invite
    ADD CONSTRAINT conversation_invite_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.conversation_invite
    ADD CONSTRAINT conversation_invite_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.conversation_person
    ADD CONSTRAINT conversation_person_pkey PRIMARY KEY (workspace_id, conversation_id, account_id);

ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.corpus_stat
    ADD CONSTRAINT corpus_stat_pkey PRIMARY KEY (workspace_id);

ALTER TABLE ONLY public.embedding
    ADD CONSTRAINT embedding_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_0
    ADD CONSTRAINT embedding_0_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_10
    ADD CONSTRAINT embedding_10_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_11
    ADD CONSTRAINT embedding_11_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_12
    ADD CONSTRAINT embedding_12_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_13
    ADD CONSTRAINT embedding_13_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_14
    ADD CONSTRAINT embedding_14_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_15
    ADD CONSTRAINT embedding_15_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_1
    ADD CONSTRAINT embedding_1_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_2
    ADD CONSTRAINT embedding_2_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_3
    ADD CONSTRAINT embedding_3_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_4
    ADD CONSTRAINT embedding_4_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_5
    ADD CONSTRAINT embedding_5_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_6
    ADD CONSTRAINT embedding_6_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_7
    ADD CONSTRAINT embedding_7_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_8
    ADD CONSTRAINT embedding_8_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.embedding_9
    ADD CONSTRAINT embedding_9_pkey PRIMARY KEY (workspace_id, generation_id, passage_id);

ALTER TABLE ONLY public.file_event
    ADD CONSTRAINT file_event_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.file_password
    ADD CONSTRAINT file_password_pkey PRIMARY KEY (workspace_id, version_id);

ALTER TABLE ONLY public.file
    ADD CONSTRAINT file_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.file_problem
    ADD CONSTRAINT file_problem_pkey PRIMARY KEY (workspace_id, build_id, ordinal);

ALTER TABLE ONLY public.file_version
    ADD CONSTRAINT file_version_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.file_version
    ADD CONSTRAINT file_version_workspace_id_file_id_version_key UNIQUE (workspace_id, file_id, version);

ALTER TABLE ONLY public.generation
    ADD CONSTRAINT generation_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.heartbeat
    ADD CONSTRAINT heartbeat_pkey PRIMARY KEY (process);

ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (workspace_id, account_id, key);

ALTER TABLE ONLY public.index_care
    ADD CONSTRAINT index_care_pkey PRIMARY KEY (partition);

ALTER TABLE ONLY public.item
    ADD CONSTRAINT item_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_workspace_id_kind_subject_id_content_hash_pipeline_vers_key UNIQUE (workspace_id, kind, subject_id, content_hash, pipeline_version);

ALTER TABLE ONLY public.language_mean
    ADD CONSTRAINT language_mean_pkey PRIMARY KEY (workspace_id, generation_id, lang);

ALTER TABLE ONLY public.lexeme_stat
    ADD CONSTRAINT lexeme_stat_pkey PRIMARY KEY (workspace_id, lexeme);

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_pkey PRIMARY KEY (workspace_id, account_id);

ALTER TABLE ONLY public.message_attachment
    ADD CONSTRAINT message_attachment_pkey PRIMARY KEY (workspace_id, message_id, file_id);

ALTER TABLE ONLY public.message_mention
    ADD CONSTRAINT message_mention_pkey PRIMARY KEY (workspace_id, message_id, account_id);

ALTER TABLE ONLY public.message_pin
    ADD CONSTRAINT message_pin_pkey PRIMARY KEY (workspace_id, message_id);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.message_reaction
    ADD CONSTRAINT message_reaction_pkey PRIMARY KEY (workspace_id, message_id, account_id, emoji);

ALTER TABLE ONLY public.message_revision
    ADD CONSTRAINT message_revision_pkey PRIMARY KEY (workspace_id, message_id, revision);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_workspace_id_conversation_id_author_id_client_id_key UNIQUE (workspace_id, conversation_id, author_id, client_id);

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_workspace_id_conversation_id_seq_key UNIQUE (workspace_id, conversation_id, seq);

ALTER TABLE ONLY public.notification_hours
    ADD CONSTRAINT notification_hours_pkey PRIMARY KEY (workspace_id, account_id);

ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.notification_sent
    ADD CONSTRAINT notification_sent_pkey PRIMARY KEY (workspace_id, notification_id, way);

ALTER TABLE ONLY public.notification_setting
    ADD CONSTRAINT notification_setting_pkey PRIMARY KEY (workspace_id, account_id, kind);

ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_workspace_id_account_id_kind_subject_id_key UNIQUE (workspace_id, account_id, kind, subject_id);

ALTER TABLE ONLY public.passage
    ADD CONSTRAINT passage_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.passage_0
    ADD CONSTRAINT passage_0_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.passage_1
    ADD CONSTRAINT passage_1_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.passage_2
    ADD CONSTRAINT passage_2_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.passage_3
    ADD CONSTRAINT passage_3_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.push_subscription
    ADD CONSTRAINT push_subscription_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.push_subscription
    ADD CONSTRAINT push_subscription_workspace_id_account_id_endpoint_key UNIQUE (workspace_id, account_id, endpoint);

ALTER TABLE ONLY public.recent_query
    ADD CONSTRAINT recent_query_pkey PRIMARY KEY (workspace_id, account_id, query);

ALTER TABLE ONLY public.reply_feedback
    ADD CONSTRAINT reply_feedback_pkey PRIMARY KEY (workspace_id, account_id, message_id);

ALTER TABLE ONLY public.run_event
    ADD CONSTRAINT run_event_pkey PRIMARY KEY (workspace_id, run_id, seq);

ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.saved_search_match
    ADD CONSTRAINT saved_search_match_pkey PRIMARY KEY (workspace_id, saved_search_id, subject_id);

ALTER TABLE ONLY public.saved_search
    ADD CONSTRAINT saved_search_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.saved_search
    ADD CONSTRAINT saved_search_workspace_id_account_id_q_type_lang_tz_key UNIQUE NULLS NOT DISTINCT (workspace_id, account_id, q, type, lang, tz);

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.search_feedback
    ADD CONSTRAINT search_feedback_pkey PRIMARY KEY (workspace_id, account_id, target_id, query);

ALTER TABLE ONLY public.search_news
    ADD CONSTRAINT search_news_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.secret
    ADD CONSTRAINT secret_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.text_segment
    ADD CONSTRAINT text_segment_pkey PRIMARY KEY (workspace_id, build_id, ordinal);

ALTER TABLE ONLY public.title_call
    ADD CONSTRAINT title_call_pkey PRIMARY KEY (workspace_id, conversation_id);

ALTER TABLE ONLY public.upload
    ADD CONSTRAINT upload_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_workspace_id_account_id_url_key UNIQUE (workspace_id, account_id, url);

ALTER TABLE ONLY public.workspace
    ADD CONSTRAINT workspace_pkey PRIMARY KEY (id);

CREATE INDEX access_grant_workspace_id_principal_id_idx ON public.access_grant USING btree (workspace_id, principal_id, item_id);

CREATE UNIQUE INDEX account_email_idx ON public.account USING btree (lower(email));

CREATE INDEX blob_key_idx ON public.blob USING btree (key);

CREATE INDEX build_retired_at_idx ON public.build USING btree (retired_at) WHERE ((retired_at IS NOT NULL) AND (archived_at IS NULL));

CREATE INDEX build_workspace_id_file_id_idx ON public.build USING btree (workspace_id, file_id);

CREATE INDEX build_workspace_id_version_id_idx ON public.build USING btree (workspace_id, version_id);

CREATE INDEX change_at_idx ON public.change USING btree (at);

CREATE INDEX citation_workspace_id_run_id_idx ON public.citation USING btree (workspace_id, run_id);

CREATE INDEX conversation_invite_workspace_id_conversation_id_idx ON public.conversation_invite USING btree (workspace_id, conversation_id);

CREATE INDEX conversation_person_workspace_id_account_id_idx ON public.conversation_person USING btree (workspace_id, account_id);

CREATE INDEX embedding_vector_idx ON ONLY public.embedding USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_0_vector_idx ON public.embedding_0 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_workspace_id_passage_id_idx ON ONLY public.embedding USING btree (workspace_id, passage_id);

CREATE INDEX embedding_0_workspace_id_passage_id_idx ON public.embedding_0 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_10_vector_idx ON public.embedding_10 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_10_workspace_id_passage_id_idx ON public.embedding_10 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_11_vector_idx ON public.embedding_11 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_11_workspace_id_passage_id_idx ON public.embedding_11 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_12_vector_idx ON public.embedding_12 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_12_workspace_id_passage_id_idx ON public.embedding_12 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_13_vector_idx ON public.embedding_13 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_13_workspace_id_passage_id_idx ON public.embedding_13 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_14_vector_idx ON public.embedding_14 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_14_workspace_id_passage_id_idx ON public.embedding_14 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_15_vector_idx ON public.embedding_15 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_15_workspace_id_passage_id_idx ON public.embedding_15 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_1_vector_idx ON public.embedding_1 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_1_workspace_id_passage_id_idx ON public.embedding_1 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_2_vector_idx ON public.embedding_2 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_2_workspace_id_passage_id_idx ON public.embedding_2 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_3_vector_idx ON public.embedding_3 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_3_workspace_id_passage_id_idx ON public.embedding_3 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_4_vector_idx ON public.embedding_4 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_4_workspace_id_passage_id_idx ON public.embedding_4 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_5_vector_idx ON public.embedding_5 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_5_workspace_id_passage_id_idx ON public.embedding_5 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_6_vector_idx ON public.embedding_6 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_6_workspace_id_passage_id_idx ON public.embedding_6 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_7_vector_idx ON public.embedding_7 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_7_workspace_id_passage_id_idx ON public.embedding_7 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_8_vector_idx ON public.embedding_8 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_8_workspace_id_passage_id_idx ON public.embedding_8 USING btree (workspace_id, passage_id);

CREATE INDEX embedding_9_vector_idx ON public.embedding_9 USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WITH (m='16', ef_construction='64') WHERE (public.vector_dims(vector) = 384);

CREATE INDEX embedding_9_workspace_id_passage_id_idx ON public.embedding_9 USING btree (workspace_id, passage_id);

CREATE INDEX file_event_created_at_idx ON public.file_event USING btree (created_at);

CREATE INDEX file_event_workspace_id_file_id_idx ON public.file_event USING btree (workspace_id, file_id);

CREATE INDEX file_event_workspace_id_webhook_id_idx ON public.file_event USING btree (workspace_id, webhook_id);

CREATE INDEX file_password_created_at_idx ON public.file_password USING btree (created_at);

CREATE INDEX file_state_idx ON public.file USING btree (state) WHERE (state = ANY (ARRAY['queued'::text, 'processing'::text]));

CREATE INDEX file_version_workspace_id_sha256_idx ON public.file_version USING btree (workspace_id, sha256);

CREATE UNIQUE INDEX file_workspace_id_parent_id_parent_path_idx ON public.file USING btree (workspace_id, parent_id, parent_path) WHERE (parent_id IS NOT NULL);

CREATE INDEX file_workspace_id_unready_idx ON public.file USING btree (workspace_id, state, id) WHERE (state <> 'ready'::text);

CREATE UNIQUE INDEX generation_workspace_id_active_idx ON public.generation USING btree (workspace_id) WHERE (state = 'active'::text);

CREATE UNIQUE INDEX generation_workspace_id_model_idx ON public.generation USING btree (workspace_id, model) WHERE (state <> ALL (ARRAY['retired'::text, 'dropping'::text]));

CREATE INDEX item_workspace_id_folded_idx ON public.item USING gin (workspace_id, folded public.gin_trgm_ops);

CREATE INDEX item_workspace_id_kind_updated_at_idx ON public.item USING btree (workspace_id, kind, updated_at DESC, id DESC);

CREATE INDEX item_workspace_id_named_idx ON public.item USING gin (workspace_id, named public.gin_trgm_ops);

CREATE INDEX job_kind_needs_memory_fair_key_idx ON public.job USING btree (kind, needs_memory, fair_key) WHERE (state = ANY (ARRAY['queued'::text, 'retry_wait'::text]));

CREATE INDEX job_lease_until_idx ON public.job USING btree (lease_until) WHERE (state = 'leased'::text);

CREATE INDEX job_workspace_id_created_at_idx ON public.job USING btree (workspace_id, created_at DESC, id DESC);

CREATE INDEX job_workspace_id_kind_account_id_fair_key_idx ON public.job USING btree (workspace_id, kind, account_id, fair_key) WHERE (state = ANY (ARRAY['queued'::text, 'retry_wait'::text, 'leased'::text]));

CREATE INDEX job_workspace_id_kind_fair_key_idx ON public.job USING btree (workspace_id, kind, fair_key) WHERE (state = ANY (ARRAY['queued'::text, 'retry_wait'::text, 'leased'::text]));

CREATE INDEX job_workspace_id_subject_id_idx ON public.job USING btree (workspace_id, subject_id) WHERE ((kind = 'build_generation'::text) AND (state = ANY (ARRAY['queued'::text, 'retry_wait'::text, 'leased'::text])));

CREATE INDEX lexeme_stat_workspace_id_lexeme_idx ON public.lexeme_stat USING gin (workspace_id, lexeme public.gin_trgm_ops) WITH (gin_pending_list_limit='1024') WHERE (lexeme ~ '^[a-z\u0080-\uffff]{4,32}$'::text);

CREATE INDEX membership_account_id_idx ON public.membership USING btree (account_id);

CREATE INDEX message_pin_workspace_id_conversation_id_idx ON public.message_pin USING btree (workspace_id, conversation_id, created_at);

CREATE INDEX message_siblings_idx ON public.message USING btree (workspace_id, place_id, role, seq);

CREATE INDEX message_workspace_id_branch_id_idx ON public.message USING btree (workspace_id, branch_id, seq);

CREATE INDEX message_workspace_id_parent_id_idx ON public.message USING btree (workspace_id, parent_id);

CREATE INDEX notification_created_at_idx ON public.notification USING btree (created_at);

CREATE INDEX notification_to_send_idx ON public.notification USING btree (workspace_id, id) WHERE to_send;

CREATE INDEX notification_workspace_id_account_id_id_idx ON public.notification USING btree (workspace_id, account_id, id DESC);

CREATE INDEX notification_workspace_id_item_id_idx ON public.notification USING btree (workspace_id, item_id) WHERE (item_id IS NOT NULL);

CREATE INDEX notification_workspace_id_saved_search_id_idx ON public.notification USING btree (workspace_id, saved_search_id);

CREATE INDEX passage_workspace_id_build_id_idx ON ONLY public.passage USING btree (workspace_id, build_id, ordinal) INCLUDE (id);

CREATE INDEX passage_0_workspace_id_build_id_ordinal_id_idx ON public.passage_0 USING btree (workspace_id, build_id, ordinal) INCLUDE (id);

CREATE INDEX passage_workspace_id_item_id_idx ON ONLY public.passage USING btree (workspace_id, item_id);

CREATE INDEX passage_0_workspace_id_item_id_idx ON public.passage_0 USING btree (workspace_id, item_id);

CREATE INDEX passage_workspace_id_message_id_idx ON ONLY public.passage USING btree (workspace_id, message_id) WHERE (message_id IS NOT NULL);

CREATE INDEX passage_0_workspace_id_message_id_idx ON public.passage_0 USING btree (workspace_id, message_id) WHERE (message_id IS NOT NULL);

CREATE INDEX passage_workspace_id_text_hash_idx ON ONLY public.passage USING btree (workspace_id, text_hash);

CREATE INDEX passage_0_workspace_id_text_hash_idx ON public.passage_0 USING btree (workspace_id, text_hash);

CREATE INDEX passage_workspace_id_tsv_idx ON ONLY public.passage USING gin (workspace_id, tsv) WITH (fastupdate=off);

CREATE INDEX passage_0_workspace_id_tsv_idx ON public.passage_0 USING gin (workspace_id, tsv) WITH (fastupdate=off);

CREATE INDEX passage_1_workspace_id_build_id_ordinal_id_idx ON public.passage_1 USING btree (workspace_id, build_id, ordinal) INCLUDE (id);

CREATE INDEX passage_1_workspace_id_item_id_idx ON public.passage_1 USING btree (workspace_id, item_id);

CREATE INDEX passage_1_workspace_id_message_id_idx ON public.passage_1 USING btree (workspace_id, message_id) WHERE (message_id IS NOT NULL);

CREATE INDEX passage_1_workspace_id_text_hash_idx ON public.passage_1 USING btree (workspace_id, text_hash);

CREATE INDEX passage_1_workspace_id_tsv_idx ON public.passage_1 USING gin (workspace_id, tsv) WITH (fastupdate=off);

CREATE INDEX passage_2_workspace_id_build_id_ordinal_id_idx ON public.passage_2 USING btree (workspace_id, build_id, ordinal) INCLUDE (id);

CREATE INDEX passage_2_workspace_id_item_id_idx ON public.passage_2 USING btree (workspace_id, item_id);

CREATE INDEX passage_2_workspace_id_message_id_idx ON public.passage_2 USING btree (workspace_id, message_id) WHERE (message_id IS NOT NULL);

CREATE INDEX passage_2_workspace_id_text_hash_idx ON public.passage_2 USING btree (workspace_id, text_hash);

CREATE INDEX passage_2_workspace_id_tsv_idx ON public.passage_2 USING gin (workspace_id, tsv) WITH (fastupdate=off);

CREATE INDEX passage_3_workspace_id_build_id_ordinal_id_idx ON public.passage_3 USING btree (workspace_id, build_id, ordinal) INCLUDE (id);

CREATE INDEX passage_3_workspace_id_item_id_idx ON public.passage_3 USING btree (workspace_id, item_id);

CREATE INDEX passage_3_workspace_id_message_id_idx ON public.passage_3 USING btree (workspace_id, message_id) WHERE (message_id IS NOT NULL);

CREATE INDEX passage_3_workspace_id_text_hash_idx ON public.passage_3 USING btree (workspace_id, text_hash);

CREATE INDEX passage_3_workspace_id_tsv_idx ON public.passage_3 USING gin (workspace_id, tsv) WITH (fastupdate=off);

CREATE INDEX recent_query_asked_at_idx ON public.recent_query USING btree (asked_at);

CREATE INDEX reply_feedback_workspace_id_message_id_idx ON public.reply_feedback USING btree (workspace_id, message_id);

CREATE INDEX run_state_idx ON public.run USING btree (state, created_at) WHERE (state = 'running'::text);

CREATE INDEX run_workspace_id_conversation_id_idx ON public.run USING btree (workspace_id, conversation_id);

CREATE INDEX run_workspace_id_created_at_idx ON public.run USING btree (workspace_id, created_at);

CREATE INDEX saved_search_match_workspace_id_item_id_idx ON public.saved_search_match USING btree (workspace_id, item_id);

CREATE INDEX saved_search_match_workspace_id_notification_id_idx ON public.saved_search_match USING btree (workspace_id, notification_id);

CREATE INDEX search_feedback_given_at_idx ON public.search_feedback USING btree (given_at);

CREATE INDEX search_feedback_workspace_id_item_id_idx ON public.search_feedback USING btree (workspace_id, item_id);

CREATE INDEX session_account_id_idx ON public.session USING btree (account_id);

CREATE INDEX title_call_workspace_id_created_at_idx ON public.title_call USING btree (workspace_id, created_at);

CREATE INDEX upload_expires_at_idx ON public.upload USING btree (expires_at);

CREATE INDEX upload_workspace_id_account_id_idx ON public.upload USING btree (workspace_id, account_id);

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_0_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_0_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_0_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_10_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_10_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_10_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_11_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_11_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_11_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_12_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_12_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_12_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_13_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_13_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_13_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_14_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_14_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_14_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_15_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_15_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_15_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_1_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_1_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_1_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_2_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_2_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_2_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_3_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_3_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_3_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_4_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_4_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_4_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_5_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_5_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_5_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_6_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_6_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_6_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_7_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_7_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_7_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_8_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_8_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_8_workspace_id_passage_id_idx;

ALTER INDEX public.embedding_pkey ATTACH PARTITION public.embedding_9_pkey;

ALTER INDEX public.embedding_vector_idx ATTACH PARTITION public.embedding_9_vector_idx;

ALTER INDEX public.embedding_workspace_id_passage_id_idx ATTACH PARTITION public.embedding_9_workspace_id_passage_id_idx;

ALTER INDEX public.passage_pkey ATTACH PARTITION public.passage_0_pkey;

ALTER INDEX public.passage_workspace_id_build_id_idx ATTACH PARTITION public.passage_0_workspace_id_build_id_ordinal_id_idx;

ALTER INDEX public.passage_workspace_id_item_id_idx ATTACH PARTITION public.passage_0_workspace_id_item_id_idx;

ALTER INDEX public.passage_workspace_id_message_id_idx ATTACH PARTITION public.passage_0_workspace_id_message_id_idx;

ALTER INDEX public.passage_workspace_id_text_hash_idx ATTACH PARTITION public.passage_0_workspace_id_text_hash_idx;

ALTER INDEX public.passage_workspace_id_tsv_idx ATTACH PARTITION public.passage_0_workspace_id_tsv_idx;

ALTER INDEX public.passage_pkey ATTACH PARTITION public.passage_1_pkey;

ALTER INDEX public.passage_workspace_id_build_id_idx ATTACH PARTITION public.passage_1_workspace_id_build_id_ordinal_id_idx;

ALTER INDEX public.passage_workspace_id_item_id_idx ATTACH PARTITION public.passage_1_workspace_id_item_id_idx;

ALTER INDEX public.passage_workspace_id_message_id_idx ATTACH PARTITION public.passage_1_workspace_id_message_id_idx;

ALTER INDEX public.passage_workspace_id_text_hash_idx ATTACH PARTITION public.passage_1_workspace_id_text_hash_idx;

ALTER INDEX public.passage_workspace_id_tsv_idx ATTACH PARTITION public.passage_1_workspace_id_tsv_idx;

ALTER INDEX public.passage_pkey ATTACH PARTITION public.passage_2_pkey;

ALTER INDEX public.passage_workspace_id_build_id_idx ATTACH PARTITION public.passage_2_workspace_id_build_id_ordinal_id_idx;

ALTER INDEX public.passage_workspace_id_item_id_idx ATTACH PARTITION public.passage_2_workspace_id_item_id_idx;

ALTER INDEX public.passage_workspace_id_message_id_idx ATTACH PARTITION public.passage_2_workspace_id_message_id_idx;

ALTER INDEX public.passage_workspace_id_text_hash_idx ATTACH PARTITION public.passage_2_workspace_id_text_hash_idx;

ALTER INDEX public.passage_workspace_id_tsv_idx ATTACH PARTITION public.passage_2_workspace_id_tsv_idx;

ALTER INDEX public.passage_pkey ATTACH PARTITION public.passage_3_pkey;

ALTER INDEX public.passage_workspace_id_build_id_idx ATTACH PARTITION public.passage_3_workspace_id_build_id_ordinal_id_idx;

ALTER INDEX public.passage_workspace_id_item_id_idx ATTACH PARTITION public.passage_3_workspace_id_item_id_idx;

ALTER INDEX public.passage_workspace_id_message_id_idx ATTACH PARTITION public.passage_3_workspace_id_message_id_idx;

ALTER INDEX public.passage_workspace_id_text_hash_idx ATTACH PARTITION public.passage_3_workspace_id_text_hash_idx;

ALTER INDEX public.passage_workspace_id_tsv_idx ATTACH PARTITION public.passage_3_workspace_id_tsv_idx;

CREATE TRIGGER forget_password AFTER UPDATE OF state ON public.job FOR EACH ROW WHEN (((new.kind = 'ingest_file'::text) AND (new.state = ANY (ARRAY['done'::text, 'failed'::text, 'dead'::text, 'cancelled'::text])))) EXECUTE FUNCTION public.forget_password();

CREATE TRIGGER take_branch BEFORE INSERT ON public.message FOR EACH ROW WHEN ((new.branch_id IS NULL)) EXECUTE FUNCTION public.take_branch();

ALTER TABLE ONLY public.access_grant
    ADD CONSTRAINT access_grant_workspace_id_item_id_fkey FOREIGN KEY (workspace_id, item_id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.blob
    ADD CONSTRAINT blob_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspace(id);

ALTER TABLE ONLY public.build
    ADD CONSTRAINT build_workspace_id_file_id_fkey FOREIGN KEY (workspace_id, file_id) REFERENCES public.file(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.build
    ADD CONSTRAINT build_workspace_id_version_id_fkey FOREIGN KEY (workspace_id, version_id) REFERENCES public.file_version(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.change
    ADD CONSTRAINT change_workspace_id_conversation_id_fkey FOREIGN KEY (workspace_id, conversation_id) REFERENCES public.conversation(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.citation
    ADD CONSTRAINT citation_workspace_id_run_id_fkey FOREIGN KEY (workspace_id, run_id) REFERENCES public.run(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.conversation_invite
    ADD CONSTRAINT conversation_invite_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.account(id);

ALTER TABLE ONLY public.conversation_invite
    ADD CONSTRAINT conversation_invite_workspace_id_conversation_id_fkey FOREIGN KEY (workspace_id, conversation_id) REFERENCES public.conversation(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.conversation_person
    ADD CONSTRAINT conversation_person_workspace_id_account_id_fkey FOREIGN KEY (workspace_id, account_id) REFERENCES public.membership(workspace_id, account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.conversation_person
    ADD CONSTRAINT conversation_person_workspace_id_conversation_id_fkey FOREIGN KEY (workspace_id, conversation_id) REFERENCES public.conversation(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_workspace_id_id_fkey FOREIGN KEY (workspace_id, id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.corpus_stat
    ADD CONSTRAINT corpus_stat_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspace(id);

ALTER TABLE public.embedding
    ADD CONSTRAINT embedding_workspace_id_passage_id_fkey FOREIGN KEY (workspace_id, passage_id) REFERENCES public.passage(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.file_event
    ADD CONSTRAINT file_event_workspace_id_file_id_fkey FOREIGN KEY (workspace_id, file_id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.file_event
    ADD CONSTRAINT file_event_workspace_id_webhook_id_fkey FOREIGN KEY (workspace_id, webhook_id) REFERENCES public.webhook(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.file_password
    ADD CONSTRAINT file_password_workspace_id_version_id_fkey FOREIGN KEY (workspace_id, version_id) REFERENCES public.file_version(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.file_problem
    ADD CONSTRAINT file_problem_workspace_id_build_id_fkey FOREIGN KEY (workspace_id, build_id) REFERENCES public.build(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.file_version
    ADD CONSTRAINT file_version_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.file_version
    ADD CONSTRAINT file_version_workspace_id_file_id_fkey FOREIGN KEY (workspace_id, file_id) REFERENCES public.file(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.file_version
    ADD CONSTRAINT file_version_workspace_id_sha256_fkey FOREIGN KEY (workspace_id, sha256) REFERENCES public.blob(workspace_id, sha256);

ALTER TABLE ONLY public.file
    ADD CONSTRAINT file_workspace_id_id_fkey FOREIGN KEY (workspace_id, id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.file
    ADD CONSTRAINT file_workspace_id_parent_id_fkey FOREIGN KEY (workspace_id, parent_id) REFERENCES public.file(workspace_id, id);

ALTER TABLE ONLY public.generation
    ADD CONSTRAINT generation_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspace(id);

ALTER TABLE ONLY public.item
    ADD CONSTRAINT item_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.item
    ADD CONSTRAINT item_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspace(id);

ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspace(id);

ALTER TABLE ONLY public.language_mean
    ADD CONSTRAINT language_mean_workspace_id_generation_id_fkey FOREIGN KEY (workspace_id, generation_id) REFERENCES public.generation(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspace(id);

ALTER TABLE ONLY public.message_attachment
    ADD CONSTRAINT message_attachment_workspace_id_file_id_fkey FOREIGN KEY (workspace_id, file_id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_attachment
    ADD CONSTRAINT message_attachment_workspace_id_message_id_fkey FOREIGN KEY (workspace_id, message_id) REFERENCES public.message(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.message_mention
    ADD CONSTRAINT message_mention_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.message_mention
    ADD CONSTRAINT message_mention_workspace_id_message_id_fkey FOREIGN KEY (workspace_id, message_id) REFERENCES public.message(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_pin
    ADD CONSTRAINT message_pin_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.message_pin
    ADD CONSTRAINT message_pin_workspace_id_message_id_fkey FOREIGN KEY (workspace_id, message_id) REFERENCES public.message(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_reaction
    ADD CONSTRAINT message_reaction_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.message_reaction
    ADD CONSTRAINT message_reaction_workspace_id_message_id_fkey FOREIGN KEY (workspace_id, message_id) REFERENCES public.message(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_revision
    ADD CONSTRAINT message_revision_workspace_id_message_id_fkey FOREIGN KEY (workspace_id, message_id) REFERENCES public.message(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_workspace_id_conversation_id_fkey FOREIGN KEY (workspace_id, conversation_id) REFERENCES public.conversation(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_workspace_id_parent_id_fkey FOREIGN KEY (workspace_id, parent_id) REFERENCES public.message(workspace_id, id);

ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.notification_hours
    ADD CONSTRAINT notification_hours_workspace_id_account_id_fkey FOREIGN KEY (workspace_id, account_id) REFERENCES public.membership(workspace_id, account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notification_sent
    ADD CONSTRAINT notification_sent_workspace_id_notification_id_fkey FOREIGN KEY (workspace_id, notification_id) REFERENCES public.notification(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notification_setting
    ADD CONSTRAINT notification_setting_workspace_id_account_id_fkey FOREIGN KEY (workspace_id, account_id) REFERENCES public.membership(workspace_id, account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_workspace_id_item_id_fkey FOREIGN KEY (workspace_id, item_id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_workspace_id_saved_search_id_fkey FOREIGN KEY (workspace_id, saved_search_id) REFERENCES public.saved_search(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE public.passage
    ADD CONSTRAINT passage_workspace_id_item_id_fkey FOREIGN KEY (workspace_id, item_id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.push_subscription
    ADD CONSTRAINT push_subscription_workspace_id_account_id_fkey FOREIGN KEY (workspace_id, account_id) REFERENCES public.membership(workspace_id, account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.recent_query
    ADD CONSTRAINT recent_query_workspace_id_account_id_fkey FOREIGN KEY (workspace_id, account_id) REFERENCES public.membership(workspace_id, account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.reply_feedback
    ADD CONSTRAINT reply_feedback_workspace_id_account_id_fkey FOREIGN KEY (workspace_id, account_id) REFERENCES public.membership(workspace_id, account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.reply_feedback
    ADD CONSTRAINT reply_feedback_workspace_id_conversation_id_fkey FOREIGN KEY (workspace_id, conversation_id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.reply_feedback
    ADD CONSTRAINT reply_feedback_workspace_id_message_id_fkey FOREIGN KEY (workspace_id, message_id) REFERENCES public.message(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.run_event
    ADD CONSTRAINT run_event_workspace_id_run_id_fkey FOREIGN KEY (workspace_id, run_id) REFERENCES public.run(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_workspace_id_conversation_id_fkey FOREIGN KEY (workspace_id, conversation_id) REFERENCES public.conversation(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_workspace_id_prompt_message_id_fkey FOREIGN KEY (workspace_id, prompt_message_id) REFERENCES public.message(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.saved_search_match
    ADD CONSTRAINT saved_search_match_workspace_id_item_id_fkey FOREIGN KEY (workspace_id, item_id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.saved_search_match
    ADD CONSTRAINT saved_search_match_workspace_id_saved_search_id_fkey FOREIGN KEY (workspace_id, saved_search_id) REFERENCES public.saved_search(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.saved_search
    ADD CONSTRAINT saved_search_workspace_id_account_id_fkey FOREIGN KEY (workspace_id, account_id) REFERENCES public.membership(workspace_id, account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.search_feedback
    ADD CONSTRAINT search_feedback_workspace_id_account_id_fkey FOREIGN KEY (workspace_id, account_id) REFERENCES public.membership(workspace_id, account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.search_feedback
    ADD CONSTRAINT search_feedback_workspace_id_item_id_fkey FOREIGN KEY (workspace_id, item_id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.search_news
    ADD CONSTRAINT search_news_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspace(id);

ALTER TABLE ONLY public.search_news
    ADD CONSTRAINT search_news_workspace_id_item_id_fkey FOREIGN KEY (workspace_id, item_id) REFERENCES public.item(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id);

ALTER TABLE ONLY public.text_segment
    ADD CONSTRAINT text_segment_workspace_id_build_id_fkey FOREIGN KEY (workspace_id, build_id) REFERENCES public.build(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.title_call
    ADD CONSTRAINT title_call_workspace_id_conversation_id_fkey FOREIGN KEY (workspace_id, conversation_id) REFERENCES public.conversation(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.upload
    ADD CONSTRAINT upload_workspace_id_account_id_fkey FOREIGN KEY (workspace_id, account_id) REFERENCES public.membership(workspace_id, account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_workspace_id_account_id_fkey FOREIGN KEY (workspace_id, account_id) REFERENCES public.membership(workspace_id, account_id) ON DELETE CASCADE;

ALTER TABLE public.access_grant ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.account ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.blob ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.build ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.change ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.citation ENABLE ROW LEVEL SECURITY;

CREATE POLICY colleagues ON public.account FOR SELECT TO recollect_app, recollect_worker USING ((id IN ( SELECT m.account_id
   FROM public.membership m
  WHERE (m.workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")))));

ALTER TABLE public.conversation ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_invite ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_person ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.corpus_stat ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.embedding ENABLE ROW LEVEL SECURITY;

CREATE POLICY every_workspace ON public.blob TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.build TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.change TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.conversation TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.corpus_stat TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.file TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.file_event TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.file_password TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.file_version TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.generation TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.idempotency_key TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.job TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.notification TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.notification_hours TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.notification_setting FOR SELECT TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.push_subscription FOR SELECT TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.recent_query TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.reply_feedback TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.run TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.search_feedback TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.search_news TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.upload TO recollect_worker USING (true);

CREATE POLICY every_workspace ON public.workspace TO recollect_worker USING (true);

ALTER TABLE public.file ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.file_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.file_password ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.file_problem ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.file_version ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.generation ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.heartbeat ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.index_care ENABLE ROW LEVEL SECURITY;

CREATE POLICY index_reader ON public.access_grant FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.corpus_stat FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.embedding FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.file FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.generation FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.item FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.language_mean FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.lexeme_stat FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.membership FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.message FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.passage FOR SELECT TO recollect_search USING (true);

CREATE POLICY index_reader ON public.workspace FOR SELECT TO recollect_search USING (true);

ALTER TABLE public.item ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.job ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.language_mean ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.lexeme_stat ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.membership ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_attachment ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_mention ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_pin ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_reaction ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_revision ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.notification ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.notification_hours ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.notification_sent ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.notification_setting ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON public.notification TO recollect_app USING (((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT (NULLIF(current_setting('app.uid'::text, true), ''::text))::uuid AS "nullif"))));

CREATE POLICY own ON public.notification_hours TO recollect_app USING (((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT (NULLIF(current_setting('app.uid'::text, true), ''::text))::uuid AS "nullif"))));

CREATE POLICY own ON public.push_subscription TO recollect_app USING (((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT (NULLIF(current_setting('app.uid'::text, true), ''::text))::uuid AS "nullif"))));

CREATE POLICY own ON public.recent_query TO recollect_app USING (((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT (NULLIF(current_setting('app.uid'::text, true), ''::text))::uuid AS "nullif"))));

CREATE POLICY own ON public.reply_feedback TO recollect_app USING (((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT (NULLIF(current_setting('app.uid'::text, true), ''::text))::uuid AS "nullif"))));

CREATE POLICY own ON public.search_feedback TO recollect_app USING (((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT (NULLIF(current_setting('app.uid'::text, true), ''::text))::uuid AS "nullif"))));

CREATE POLICY own ON public.webhook TO recollect_app USING (((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT (NULLIF(current_setting('app.uid'::text, true), ''::text))::uuid AS "nullif"))));

CREATE POLICY own_workspace ON public.workspace TO recollect_app USING ((id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

ALTER TABLE public.passage ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.push_subscription ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.recent_query ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.reply_feedback ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.run ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.run_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.saved_search ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.saved_search_match ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.search_feedback ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.search_news ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.secret ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.session ENABLE ROW LEVEL SECURITY;

CREATE POLICY signin ON public.account TO recollect_signin USING (true);

CREATE POLICY signin ON public.conversation_invite FOR SELECT TO recollect_signin USING (true);

CREATE POLICY signin ON public.heartbeat TO recollect_signin USING (true);

CREATE POLICY signin ON public.membership TO recollect_signin USING (true);

CREATE POLICY signin ON public.secret TO recollect_signin USING (true);

CREATE POLICY signin ON public.session TO recollect_signin USING (true);

CREATE POLICY signin ON public.workspace TO recollect_signin USING (true);

CREATE POLICY tell ON public.notification FOR INSERT TO recollect_app WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.access_grant TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.blob TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.build TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.change TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.citation TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.conversation TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.conversation_invite TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.conversation_person TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.corpus_stat TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.embedding TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.file TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.file_password TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.file_problem TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.file_version TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.generation TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.idempotency_key TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.item TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.job TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.language_mean TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.lexeme_stat TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.membership TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.message TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.message_attachment TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.message_mention TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.message_pin TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.message_reaction TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.message_revision TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.notification_setting TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.passage TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.run TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.run_event TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.saved_search TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.saved_search_match TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.search_news TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.text_segment TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.title_call TO recollect_app, recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant ON public.upload TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_read ON public.audit FOR SELECT TO recollect_app USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.conversation_invite TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.conversation_person TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.file_event TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.message_mention TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.message_pin TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.message_reaction TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.notification TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.notification_hours TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.notification_sent TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.notification_setting TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.push_subscription TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.saved_search TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.saved_search_match TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.search_news TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_work ON public.webhook TO recollect_worker USING ((workspace_id = ( SELECT (NULLIF(current_setting('app.ws'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY tenant_write ON public.audit FOR INSERT TO recollect_app, recollect_signin, recollect_worker WITH CHECK (true);

ALTER TABLE public.text_segment ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.title_call ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.upload ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.webhook ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker ON public.heartbeat TO recollect_worker USING (true);

CREATE POLICY worker ON public.index_care TO recollect_worker USING (true);

ALTER TABLE public.workspace ENABLE ROW LEVEL SECURITY;
