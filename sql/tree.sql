-- The tree of a conversation: which of its messages are read, in which order, by whom; branches, copies of a way through it.

-- name: list_after
-- unscoped: find_messages asks the predicate
-- The next messages of the whole tree.
SELECT m.id
FROM message m
WHERE m.workspace_id = :workspace_id
    AND m.conversation_id = :conversation_id
    AND m.seq > :after_seq
    AND (m.deleted_at IS NULL OR is_answered(m))
ORDER BY m.seq
LIMIT :limit;

-- name: list_before
-- unscoped: find_messages asks the predicate
-- The same, going back: newest first.
SELECT m.id
FROM message m
WHERE m.workspace_id = :workspace_id
    AND m.conversation_id = :conversation_id
    AND m.seq < :before_seq
    AND (m.deleted_at IS NULL OR is_answered(m))
ORDER BY m.seq DESC
LIMIT :limit;

-- name: list_path_after
-- unscoped: find_messages asks the predicate
-- The next messages on the way to a branch: the first few of each branch that is passed, of which the earliest.
SELECT m.id
FROM path_to(:workspace_id, :branch_id) p
CROSS JOIN LATERAL (
    SELECT l.id, l.seq
    FROM message l
    WHERE l.workspace_id = :workspace_id
        AND l.branch_id = p.branch_id
        AND l.seq > :after_seq
        AND l.seq <= p.last_seq
        AND (l.deleted_at IS NULL OR is_answered(l))
    ORDER BY l.seq
    LIMIT :limit) m
ORDER BY m.seq
LIMIT :limit;

-- name: list_path_before
-- unscoped: find_messages asks the predicate
-- The same, going back: newest first.
SELECT m.id
FROM path_to(:workspace_id, :branch_id) p
CROSS JOIN LATERAL (
    SELECT l.id, l.seq
    FROM message l
    WHERE l.workspace_id = :workspace_id
        AND l.branch_id = p.branch_id
        AND l.seq < :before_seq
        AND l.seq <= p.last_seq
        AND (l.deleted_at IS NULL OR is_answered(l))
    ORDER BY l.seq DESC
    LIMIT :limit) m
ORDER BY m.seq DESC
LIMIT :limit;

-- name: find_branch_through
-- unscoped: the conversation was found in this transaction
-- The branch that a person reads where the message stands on the way to it, else the message's own.
SELECT CASE
    WHEN EXISTS (SELECT FROM path_to(:workspace_id, :branch_id) p WHERE p.branch_id = m.branch_id AND m.seq <= p.last_seq)
        THEN :branch_id::uuid
    ELSE m.branch_id END AS id
FROM message m
WHERE m.workspace_id = :workspace_id
    AND m.id = :message_id;

-- name: look_at_branch
-- unscoped: the conversation was found in this transaction; the row is the caller's own
INSERT INTO conversation_person (workspace_id, conversation_id, account_id, branch_id)
VALUES (:workspace_id, :conversation_id, :account_id, :branch_id)
ON CONFLICT (workspace_id, conversation_id, account_id) DO UPDATE SET branch_id = excluded.branch_id;

-- name: look_at_latest
-- unscoped: the row is the caller's own
UPDATE conversation_person
SET branch_id = NULL
WHERE workspace_id = :workspace_id
    AND account_id = :account_id
    AND conversation_id = :conversation_id;

-- name: list_revisions
-- What a message said before; of a deleted one nothing.
SELECT
    v.revision,
    v.content,
    v.editor_id,
    coalesce(a.name, '') AS editor,
    v.replaced_at
FROM readable(:workspace_id, :account_id) r
JOIN message m ON m.workspace_id = :workspace_id AND m.conversation_id = r.item_id
JOIN message_revision v ON v.workspace_id = :workspace_id AND v.message_id = m.id
LEFT JOIN account a ON a.id = v.editor_id
WHERE m.id = :message_id
    AND m.deleted_at IS NULL
    AND v.revision < :before::bigint
ORDER BY v.revision DESC
LIMIT :limit;

-- name: find_request
-- unscoped: the message was found by find_messages in this transaction
-- How a reply was asked for.
SELECT r.request
FROM run r
WHERE r.workspace_id = :workspace_id
    AND r.id = :run_id;

-- name: begin_copy
-- unscoped: makes the rows that the predicate will find; that the first conversation may be read is known
-- An empty conversation of the caller's own, to be filled with messages of another one.
WITH made AS (
    INSERT INTO item (workspace_id, id, kind, owner_id, title)
    VALUES (:workspace_id, :id, 'conversation', :account_id, :title)
    RETURNING workspace_id, id, owner_id
), owned AS (
    INSERT INTO access_grant (workspace_id, item_id, principal_id, role)
    SELECT workspace_id, id, owner_id, 'owner' FROM made
), begun AS (
    INSERT INTO conversation (workspace_id, id, last_seq, named_by, forked_from_id, forked_at_id)
    SELECT made.workspace_id, made.id, :messages, :named_by, :from_id, :at_id
    FROM made
)
INSERT INTO conversation_person (workspace_id, conversation_id, account_id, read_seq, read_at) -- nothing of it is news to him
SELECT made.workspace_id, made.id, made.owner_id, :messages, now()
FROM made;

-- name: copy_messages
-- unscoped: the caller may read the conversation that they come from, and the other is his own
-- As they stand now: no revisions, no client_id, and of deleted ones no words.
INSERT INTO message (workspace_id, id, conversation_id, parent_id, branch_id, seq, role, author_id, written_by, content, run_id,
    created_at, deleted_at)
SELECT
    :workspace_id,
    n.new_id,
    :conversation_id,
    (:new_ids::uuid[])[array_position(:old_ids::uuid[], m.parent_id)],
    (:new_ids::uuid[])[1],
    n.seq,
    m.role,
    m.author_id,
    m.written_by,
    CASE WHEN m.deleted_at IS NULL THEN m.content ELSE '' END,
    (SELECT r.new_id FROM unnest(:old_run_ids::uuid[], :new_run_ids::uuid[]) AS r (old_id, new_id) WHERE r.old_id = m.run_id),
    m.created_at,
    m.deleted_at
FROM unnest(:old_ids::uuid[], :new_ids::uuid[]) WITH ORDINALITY AS n (old_id, new_id, seq)
JOIN message m ON m.workspace_id = :workspace_id AND m.id = n.old_id;

-- name: copy_attachments
-- unscoped: the caller may read the conversation that they come from, and the other is his own
INSERT INTO message_attachment (workspace_id, message_id, file_id)
SELECT :workspace_id, n.new_id, t.file_id
FROM unnest(:old_ids::uuid[], :new_ids::uuid[]) AS n (old_id, new_id)
JOIN message_attachment t ON t.workspace_id = :workspace_id AND t.message_id = n.old_id;

-- name: copy_runs
-- unscoped: the caller may read the conversation that they come from, and the other is his own
-- How the replies came to be, without what only their asker may see of it (trace) and what was counted once already (usage).
INSERT INTO run (workspace_id, id, conversation_id, prompt_message_id, reply_message_id, account_id, model, request, state, last_seq,
    content, grounding, error_code, error, retryable, created_at, finished_at)
SELECT
    :workspace_id,
    n.new_id,
    :conversation_id,
    prompt.new_id,
    reply.new_id,
    r.account_id,
    r.model,
    r.request,
    r.state,
    1,
    r.content,
    r.grounding,
    r.error_code,
    r.error,
    r.retryable,
    r.created_at,
    r.finished_at
FROM unnest(:old_run_ids::uuid[], :new_run_ids::uuid[]) AS n (old_id, new_id)
JOIN run r ON r.workspace_id = :workspace_id AND r.id = n.old_id
JOIN unnest(:old_ids::uuid[], :new_ids::uuid[]) AS prompt (old_id, new_id) ON prompt.old_id = r.prompt_message_id
JOIN unnest(:old_ids::uuid[], :new_ids::uuid[]) AS reply (old_id, new_id) ON reply.old_id = r.reply_message_id;

-- name: end_copied_runs
-- unscoped: runs that copy_runs has just made
-- All that is left to tell who follows one.
INSERT INTO run_event (workspace_id, run_id, seq, kind, data)
SELECT
    r.workspace_id,
    r.id,
    1,
    'run.done',
    json_build_object('state', r.state, 'usage', NULL, 'grounding', nullif(r.grounding, '')::json, 'message_id', r.reply_message_id,
        'error', CASE WHEN r.error_code <> '' THEN json_build_object('code', r.error_code, 'message', r.error) END,
        'retryable', r.retryable)::text
FROM run r
WHERE r.workspace_id = :workspace_id
    AND r.id = ANY(:new_run_ids::uuid[]);

-- name: copy_citations
-- unscoped: the caller may read the conversation that they come from, and the other is his own
-- What a reader sees of their sources is decided when he reads.
INSERT INTO citation (workspace_id, id, run_id, ref, kind, item_id, version, build_id, message_id, passage_id, title, headings,
    page_first, page_last, source_start, source_end, answer_start, answer_end, quote, verdict, score)
SELECT :workspace_id, gen_random_uuid(), n.new_id, c.ref, c.kind, c.item_id, c.version, c.build_id, c.message_id, c.passage_id,
    c.title, c.headings, c.page_first, c.page_last, c.source_start, c.source_end, c.answer_start, c.answer_end, c.quote,
    c.verdict, c.score
FROM unnest(:old_run_ids::uuid[], :new_run_ids::uuid[]) AS n (old_id, new_id)
JOIN run r ON r.workspace_id = :workspace_id AND r.id = n.new_id
JOIN citation c ON c.workspace_id = :workspace_id AND c.run_id = n.old_id;
