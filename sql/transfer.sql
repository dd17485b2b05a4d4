-- Conversations on their way out into a file, and in again from one.

-- name: list_revisions_of
-- What messages said before they were edited; of deleted ones nothing.
SELECT v.message_id, v.revision, v.content, v.replaced_at
FROM readable(:workspace_id, :account_id) r
JOIN message m ON m.workspace_id = :workspace_id AND m.conversation_id = r.item_id
JOIN message_revision v ON v.workspace_id = :workspace_id AND v.message_id = m.id
WHERE m.id = ANY(:ids::uuid[])
    AND m.deleted_at IS NULL
ORDER BY v.message_id, v.revision;

-- name: list_file_names
SELECT i.id, i.title AS name
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
WHERE r.kind = 'file'
    AND i.id = ANY(:ids::uuid[]);

-- name: list_ended_runs
SELECT u.id, u.model, u.state
FROM readable(:workspace_id, :account_id) r
JOIN run u ON u.workspace_id = :workspace_id AND u.conversation_id = r.item_id
WHERE u.id = ANY(:ids::uuid[])
    AND u.state <> 'running';

-- name: list_quoted
-- What stands in files that the importer may read, at the places that citations name.
SELECT
    q.n,
    coalesce((SELECT substr(string_agg(t.content, '' ORDER BY t.ordinal), q.first - min(t.span_start) + 1, q.last - q.first)
        FROM text_segment t
        WHERE t.workspace_id = :workspace_id
            AND t.build_id = b.id
            AND t.span_start < q.last
            AND t.span_start + length(t.content) > q.first), '') AS text
FROM unnest(:file_ids::uuid[], :versions::int[], :firsts::int[], :lasts::int[]) WITH ORDINALITY AS q (file_id, version, first, last, n)
JOIN readable(:workspace_id, :account_id) r ON r.item_id = q.file_id
JOIN LATERAL (
    SELECT b.id
    FROM build b
    JOIN file_version v ON v.workspace_id = :workspace_id AND v.id = b.version_id
    WHERE b.workspace_id = :workspace_id AND b.file_id = r.item_id AND v.version = q.version
        AND (b.finished_at IS NOT NULL OR b.id = r.active_build_id)
    ORDER BY b.id = r.active_build_id DESC, b.created_at DESC
    LIMIT 1) b ON true;

-- name: begin_import
-- unscoped: makes the rows that the predicate will find
WITH made AS (
    INSERT INTO item (workspace_id, id, kind, owner_id, title, created_at)
    VALUES (:workspace_id, :id, 'conversation', :account_id, :title, :created_at)
    RETURNING workspace_id, id, owner_id
), owned AS (
    INSERT INTO access_grant (workspace_id, item_id, principal_id, role)
    SELECT workspace_id, id, owner_id, 'owner' FROM made
), begun AS (
    INSERT INTO conversation (workspace_id, id, last_seq, named_by, imported_at)
    SELECT made.workspace_id, made.id, :messages, CASE WHEN :title = '' THEN 'nobody' ELSE 'person' END, now()
    FROM made
)
INSERT INTO conversation_person (workspace_id, conversation_id, account_id, read_seq, read_at) -- nothing of it is news to him
SELECT made.workspace_id, made.id, made.owner_id, :messages, now()
FROM made;

-- name: import_message
-- unscoped: into a conversation that the caller has just made
-- Whoever wrote it elsewhere is a name here, and no account of this workspace: an import puts words into nobody's mouth.
INSERT INTO message (workspace_id, id, conversation_id, parent_id, seq, role, written_by, content, revision, run_id, created_at,
    edited_at, deleted_at)
VALUES (:workspace_id, :id, :conversation_id, :parent_id, :seq, :role, :author, :content, :revision, :run_id, :created_at,
    :edited_at, :deleted_at);

-- name: import_revision
-- unscoped: of a message that the caller has just made
INSERT INTO message_revision (workspace_id, message_id, revision, content, editor_id, replaced_at)
VALUES (:workspace_id, :message_id, :revision, :content, :account_id, :replaced_at);

-- name: import_run
-- unscoped: of a message that the caller has just made
INSERT INTO run (workspace_id, id, conversation_id, prompt_message_id, reply_message_id, account_id, model, request, state, last_seq,
    content, created_at, finished_at)
VALUES (:workspace_id, :id, :conversation_id, :prompt_message_id, :reply_message_id, :account_id, :model, '{}', :state, 1,
    :content, :created_at, :created_at);

-- name: import_citation
-- unscoped: of a run that the caller has just made
INSERT INTO citation (workspace_id, id, run_id, ref, kind, item_id, version, message_id, passage_id, title, headings, page_first,
    page_last, source_start, source_end, answer_start, answer_end, quote, verdict, score)
VALUES (:workspace_id, :id, :run_id, :ref, :kind, :item_id, :version, :message_id, :passage_id, :title, :headings, :page_first,
    :page_last, :source_start, :source_end, :answer_start, :answer_end, :quote, :verdict, :score);
