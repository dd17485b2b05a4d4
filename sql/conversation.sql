-- Conversations: what its owner made, and what others were let into.

-- name: create_conversation
-- unscoped: makes the rows that the predicate will find
WITH made AS (
    INSERT INTO item (workspace_id, id, kind, owner_id, title)
    VALUES (:workspace_id, :id, 'conversation', :account_id, :title)
    RETURNING workspace_id, id, title, owner_id, created_at, updated_at
), owned AS (
    INSERT INTO access_grant (workspace_id, item_id, principal_id, role)
    SELECT workspace_id, id, owner_id, 'owner' FROM made
), opened AS (
    INSERT INTO conversation (workspace_id, id, named_by)
    SELECT workspace_id, id, CASE WHEN title = '' THEN 'nobody' ELSE 'person' END FROM made
)
SELECT
    id,
    title,
    owner_id,
    true AS can_write,
    true AS is_owner,
    0::bigint AS last_seq,
    0::bigint AS change_seq,
    NULL::uuid AS branch_id,
    false AS is_archived,
    NULL::uuid AS forked_from_id,
    NULL::uuid AS forked_at_id,
    NULL::timestamptz AS imported_at,
    0::bigint AS read_seq,
    0 AS unread,
    false AS is_quiet,
    created_at,
    updated_at
FROM made;

-- name: list_conversations
-- Last written to first; of those with every word in their title.
SELECT
    i.id,
    i.title,
    i.owner_id,
    r.can_write,
    r.is_owner,
    c.last_seq,
    c.change_seq,
    coalesce(p.branch_id, (SELECT m.branch_id FROM message m
        WHERE m.workspace_id = :workspace_id AND m.conversation_id = c.id
        ORDER BY m.seq DESC LIMIT 1)) AS branch_id,
    p.archived_at IS NOT NULL AS is_archived,
    s.item_id AS forked_from_id,
    CASE WHEN s.item_id IS NOT NULL THEN c.forked_at_id END AS forked_at_id,
    c.imported_at,
    coalesce(p.read_seq, 0) AS read_seq,
    (SELECT count(*) FILTER (WHERE later.is_new)::int
        FROM (SELECT m.deleted_at IS NULL AND m.author_id IS DISTINCT FROM :account_id AS is_new
            FROM message m
            WHERE m.workspace_id = :workspace_id AND m.conversation_id = c.id AND m.seq > coalesce(p.read_seq, 0)
            ORDER BY m.seq
            LIMIT :most_unread) AS later) AS unread,
    coalesce(p.is_quiet, false) AS is_quiet,
    i.created_at,
    i.updated_at
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
JOIN conversation c ON c.workspace_id = :workspace_id AND c.id = r.item_id
LEFT JOIN conversation_person p ON p.workspace_id = :workspace_id AND p.account_id = :account_id AND p.conversation_id = c.id
CROSS JOIN LATERAL (SELECT CASE WHEN c.forked_from_id IS NOT NULL THEN
    (SELECT f.item_id FROM readable(:workspace_id, :account_id) f WHERE f.item_id = c.forked_from_id) END AS item_id) s
WHERE r.kind = 'conversation'
    AND (p.archived_at IS NOT NULL) = :is_archived::boolean
    AND NOT EXISTS (SELECT FROM unnest(:words::text[]) AS w (word)
        WHERE i.folded NOT LIKE '%' || rtrim(folded_title(w.word)) || '%')
    AND (:before_at::timestamptz IS NULL OR (i.updated_at, i.id) < (:before_at, :before_id::uuid))
ORDER BY i.updated_at DESC, i.id DESC
LIMIT :limit;

-- name: find_conversation
SELECT
    i.id,
    i.title,
    i.owner_id,
    r.can_write,
    r.is_owner,
    c.last_seq,
    c.change_seq,
    coalesce(p.branch_id, (SELECT m.branch_id FROM message m
        WHERE m.workspace_id = :workspace_id AND m.conversation_id = c.id
        ORDER BY m.seq DESC LIMIT 1)) AS branch_id,
    p.archived_at IS NOT NULL AS is_archived,
    s.item_id AS forked_from_id,
    CASE WHEN s.item_id IS NOT NULL THEN c.forked_at_id END AS forked_at_id,
    c.imported_at,
    coalesce(p.read_seq, 0) AS read_seq,
    (SELECT count(*) FILTER (WHERE later.is_new)::int
        FROM (SELECT m.deleted_at IS NULL AND m.author_id IS DISTINCT FROM :account_id AS is_new
            FROM message m
            WHERE m.workspace_id = :workspace_id AND m.conversation_id = c.id AND m.seq > coalesce(p.read_seq, 0)
            ORDER BY m.seq
            LIMIT :most_unread) AS later) AS unread,
    coalesce(p.is_quiet, false) AS is_quiet,
    i.created_at,
    i.updated_at
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
JOIN conversation c ON c.workspace_id = :workspace_id AND c.id = r.item_id
LEFT JOIN conversation_person p ON p.workspace_id = :workspace_id AND p.account_id = :account_id AND p.conversation_id = c.id
CROSS JOIN LATERAL (SELECT CASE WHEN c.forked_from_id IS NOT NULL THEN
    (SELECT f.item_id FROM readable(:workspace_id, :account_id) f WHERE f.item_id = c.forked_from_id) END AS item_id) s
WHERE r.item_id = :id;

-- name: rename_conversation
WITH renamed AS (
    UPDATE item i
    SET title = :title, updated_at = now()
    FROM readable(:workspace_id, :account_id) r
    WHERE i.workspace_id = :workspace_id
        AND i.id = :id
        AND i.title = :old_title
        AND r.item_id = i.id
        AND r.can_write
    RETURNING i.id
)
UPDATE conversation c
SET named_by = 'person'
FROM renamed
WHERE c.workspace_id = :workspace_id
    AND c.id = renamed.id;

-- name: archive_conversation
-- unscoped: the conversation was found in this transaction; the row is the caller's own
INSERT INTO conversation_person (workspace_id, conversation_id, account_id, archived_at)
VALUES (:workspace_id, :id, :account_id, CASE WHEN :is_archived::boolean THEN now() END)
ON CONFLICT (workspace_id, conversation_id, account_id) DO UPDATE
SET archived_at = CASE WHEN :is_archived::boolean THEN coalesce(conversation_person.archived_at, now()) END;

-- name: bin_conversation
UPDATE item i
SET deleted_at = now()
FROM readable(:workspace_id, :account_id) r
WHERE i.workspace_id = :workspace_id
    AND i.id = :id
    AND i.kind = 'conversation'
    AND r.item_id = i.id
    AND r.is_owner;

-- name: restore_conversation
-- unscoped: what is in the bin is readable by nobody; only its owner gets it back
UPDATE item
SET deleted_at = NULL
WHERE workspace_id = :workspace_id
    AND id = :id
    AND kind = 'conversation'
    AND owner_id = :account_id
    AND deleted_at IS NOT NULL;

-- name: list_deleted_conversations
-- unscoped: the owner's own bin, which readable() leaves out
SELECT
    i.id,
    i.title,
    i.created_at,
    i.deleted_at
FROM item i
JOIN membership m ON m.workspace_id = i.workspace_id AND m.account_id = i.owner_id
WHERE i.workspace_id = :workspace_id
    AND i.kind = 'conversation'
    AND i.owner_id = :account_id
    AND i.deleted_at IS NOT NULL
    AND (:before_id::uuid IS NULL OR i.id < :before_id)
ORDER BY i.id DESC
LIMIT :limit;
