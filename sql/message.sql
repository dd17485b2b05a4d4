-- Messages: a tree by parent_id, in the order of seq, which has no gaps.

-- name: lock_conversation
-- One writer at a time, so that seq follows the order of commits.
SELECT
    c.id,
    r.can_write
FROM readable(:workspace_id, :account_id) r
JOIN conversation c ON c.workspace_id = :workspace_id AND c.id = r.item_id
WHERE c.id = :conversation_id
FOR UPDATE OF c;

-- name: find_place
-- unscoped: the conversation was found by lock_conversation in this transaction
-- What a new message needs to know: where its author reads, whether its parent is there, and whether it was posted already.
SELECT
    o.branch_id,
    (SELECT m.id FROM path_to(:workspace_id, o.branch_id) p
        CROSS JOIN LATERAL (
            SELECT l.id, l.seq FROM message l
            WHERE l.workspace_id = :workspace_id AND l.branch_id = p.branch_id AND l.seq <= p.last_seq
                AND (l.deleted_at IS NULL OR is_answered(l))
            ORDER BY l.seq DESC
            LIMIT 1) m
        ORDER BY m.seq DESC
        LIMIT 1) AS latest_id,
    (SELECT m.id FROM message m
        WHERE m.workspace_id = :workspace_id AND m.id = :parent_id
            AND m.conversation_id = :conversation_id) AS parent_id,
    (SELECT m.id FROM message m
        WHERE m.workspace_id = :workspace_id AND m.conversation_id = :conversation_id
            AND m.author_id = :account_id AND m.client_id = :client_id) AS posted_id
FROM (SELECT coalesce(
    (SELECT p.branch_id FROM conversation_person p
        WHERE p.workspace_id = :workspace_id AND p.conversation_id = :conversation_id AND p.account_id = :account_id),
    (SELECT m.branch_id FROM message m
        WHERE m.workspace_id = :workspace_id AND m.conversation_id = :conversation_id
        ORDER BY m.seq DESC LIMIT 1)) AS branch_id) o;

-- name: create_message
-- unscoped: the conversation was found writable by lock_conversation in this transaction
WITH raised AS (
    UPDATE conversation
    SET last_seq = last_seq + 1, named_by = CASE WHEN named_by = 'nobody' THEN 'words' ELSE named_by END
    WHERE workspace_id = :workspace_id
        AND id = :conversation_id
    RETURNING last_seq
), touched AS (
    UPDATE item
    SET updated_at = now(), title = CASE WHEN title = '' THEN :title ELSE title END
    WHERE workspace_id = :workspace_id
        AND id = :conversation_id
), marked AS ( -- who posts has read what stands before
    INSERT INTO conversation_person (workspace_id, conversation_id, account_id, read_seq, read_at)
    SELECT :workspace_id, :conversation_id, :account_id, raised.last_seq, now()
    FROM raised
    ON CONFLICT (workspace_id, conversation_id, account_id) DO UPDATE
    SET read_seq = EXCLUDED.read_seq, read_at = now()
)
INSERT INTO message (workspace_id, id, conversation_id, parent_id, seq, role, author_id, content, client_id)
SELECT
    :workspace_id,
    :id,
    :conversation_id,
    :parent_id,
    raised.last_seq,
    'user',
    :account_id,
    :content,
    :client_id
FROM raised
RETURNING seq, created_at;

-- name: attach_files
-- Only files that the author may read; the caller compares the number.
INSERT INTO message_attachment (workspace_id, message_id, file_id)
SELECT
    :workspace_id,
    :message_id,
    r.item_id
FROM readable(:workspace_id, :account_id) r
WHERE r.kind = 'file'
    AND r.item_id = ANY(:file_ids::uuid[]);

-- name: find_messages
-- Some messages as their reader may see them, in order; siblings are the versions of a message that stand in its place.
SELECT
    m.id,
    m.conversation_id,
    m.parent_id,
    m.branch_id,
    m.seq,
    m.role,
    m.author_id,
    coalesce(a.name, m.written_by) AS author,
    CASE WHEN m.deleted_at IS NULL THEN m.content ELSE '' END AS content,
    m.revision,
    m.run_id,
    ARRAY(SELECT t.file_id FROM message_attachment t
        JOIN readable(:workspace_id, :account_id) f ON f.item_id = t.file_id
        WHERE t.workspace_id = :workspace_id AND t.message_id = m.id AND m.deleted_at IS NULL
        ORDER BY t.file_id) AS attachments,
    s.siblings,
    s.sibling_index,
    s.previous_id AS previous_sibling_id,
    s.next_id AS next_sibling_id,
    ARRAY(SELECT n.account_id FROM message_mention n
        WHERE n.workspace_id = :workspace_id AND n.message_id = m.id AND m.deleted_at IS NULL
        ORDER BY n.account_id) AS mentions,
    m.deleted_at IS NULL AND EXISTS (
        SELECT FROM message_pin n WHERE n.workspace_id = :workspace_id AND n.message_id = m.id) AS is_pinned,
    coalesce((SELECT json_agg(json_build_object('emoji', e.emoji, 'count', e.count, 'is_mine', e.is_mine) ORDER BY e.first, e.emoji)
        FROM (SELECT x.emoji, count(*), bool_or(x.account_id = :account_id) AS is_mine, min(x.created_at) AS first
            FROM message_reaction x
            WHERE x.workspace_id = :workspace_id AND x.message_id = m.id AND m.deleted_at IS NULL
            GROUP BY x.emoji) AS e), '[]')::text AS reactions,
    m.created_at,
    m.edited_at,
    m.deleted_at
FROM message m
JOIN readable(:workspace_id, :account_id) r ON r.item_id = m.conversation_id
LEFT JOIN account a ON a.id = m.author_id
CROSS JOIN LATERAL siblings_of(m.workspace_id, m.place_id, m.role, m.seq) s
WHERE m.workspace_id = :workspace_id
    AND m.id = ANY(:ids::uuid[])
ORDER BY m.seq;

-- name: keep_revision
-- unscoped: the message was found by find_message in this transaction
INSERT INTO message_revision (workspace_id, message_id, revision, content, editor_id)
SELECT workspace_id, id, revision, content, :account_id
FROM message
WHERE workspace_id = :workspace_id
    AND id = :id
    AND revision = :revision
ON CONFLICT DO NOTHING;

-- name: edit_message
-- No row when somebody else was faster.
UPDATE message m
SET content = :content, revision = m.revision + 1, edited_at = now()
FROM readable(:workspace_id, :account_id) r
WHERE m.workspace_id = :workspace_id
    AND m.id = :id
    AND m.revision = :revision
    AND m.deleted_at IS NULL
    AND r.item_id = m.conversation_id
    AND r.can_write;

-- name: delete_message
UPDATE message m
SET deleted_at = now()
FROM readable(:workspace_id, :account_id) r
WHERE m.workspace_id = :workspace_id
    AND m.id = :id
    AND m.deleted_at IS NULL
    AND r.item_id = m.conversation_id
    AND r.can_write;

-- name: create_run
-- unscoped: its message was made in this transaction
INSERT INTO run (workspace_id, id, conversation_id, prompt_message_id, account_id, model, request, state)
VALUES (:workspace_id, :id, :conversation_id, :message_id, :account_id, :model, :request, 'running');

-- name: find_run_of
-- unscoped: its message was found by lock_conversation and find_place in this transaction
SELECT id
FROM run
WHERE workspace_id = :workspace_id
    AND prompt_message_id = :message_id
ORDER BY created_at
LIMIT 1;
