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
    NULL::uuid AS forked_from_id,
    NULL::uuid AS forked_at_id,
    NULL::timestamptz AS imported_at,
    0::bigint AS read_seq,
    0 AS unread,
    false AS is_quiet,
    false AS is_archived,
    created_at,
    updated_at
FROM made;

-- name: list_conversations
-- Last written to first; of those with every word in their title. OFFSET 0 has each row looked up by its key: joined, a workspace
-- whose rows were not counted yet was gone through once for each conversation of it (100 ms at 268).
WITH listed AS MATERIALIZED (
    SELECT i.id, i.title, i.owner_id, r.can_write, r.is_owner, i.created_at, i.updated_at
    FROM readable(:workspace_id, :account_id) r
    CROSS JOIN LATERAL (
        SELECT i.id, i.title, i.folded, i.owner_id, i.created_at, i.updated_at
        FROM item i
        WHERE i.workspace_id = :workspace_id AND i.id = r.item_id
        OFFSET 0) AS i
    WHERE r.kind = 'conversation'
        AND :is_archived::boolean = EXISTS (
            SELECT FROM conversation_person p
            WHERE p.workspace_id = :workspace_id AND p.conversation_id = r.item_id AND p.account_id = :account_id
                AND p.archived_at IS NOT NULL
            OFFSET 0)
        AND NOT EXISTS (SELECT FROM unnest(:words::text[]) AS w (word)
            WHERE i.folded NOT LIKE '%' || rtrim(folded_title(w.word)) || '%')
        AND (:before_at::timestamptz IS NULL OR (i.updated_at, i.id) < (:before_at, :before_id::uuid))
    ORDER BY i.updated_at DESC, i.id DESC
    LIMIT :limit
)
SELECT
    l.id, l.title, l.owner_id, l.can_write, l.is_owner,
    s.last_seq, s.change_seq, s.branch_id, s.forked_from_id, s.forked_at_id, s.imported_at, s.read_seq, s.unread, s.is_quiet,
    s.is_archived,
    l.created_at, l.updated_at
FROM listed l
CROSS JOIN LATERAL seen_conversation(:workspace_id, :account_id, l.id, :most_unread) s
ORDER BY l.updated_at DESC, l.id DESC;

-- name: find_conversation
SELECT
    i.id, i.title, i.owner_id, r.can_write, r.is_owner,
    s.last_seq, s.change_seq, s.branch_id, s.forked_from_id, s.forked_at_id, s.imported_at, s.read_seq, s.unread, s.is_quiet,
    s.is_archived,
    i.created_at, i.updated_at
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
CROSS JOIN LATERAL seen_conversation(:workspace_id, :account_id, r.item_id, :most_unread) s
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
