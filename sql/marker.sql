-- What is one person's own in a conversation: how far he has read, and whether it is to be quiet.

-- name: find_marker
SELECT coalesce(p.read_seq, 0) AS read_seq, least(:seq, c.last_seq)::bigint AS wanted_seq
FROM readable(:workspace_id, :account_id) r
JOIN conversation c ON c.workspace_id = :workspace_id AND c.id = r.item_id
LEFT JOIN conversation_person p ON p.workspace_id = :workspace_id
    AND p.conversation_id = c.id
    AND p.account_id = :account_id
WHERE r.item_id = :conversation_id;

-- name: raise_marker
-- unscoped: the conversation was found by find_marker in this transaction
INSERT INTO conversation_person (workspace_id, conversation_id, account_id, read_seq, read_at)
VALUES (:workspace_id, :conversation_id, :account_id, :seq, now())
ON CONFLICT (workspace_id, conversation_id, account_id) DO UPDATE
SET read_seq = greatest(conversation_person.read_seq, EXCLUDED.read_seq), read_at = now();

-- name: set_quiet
INSERT INTO conversation_person (workspace_id, conversation_id, account_id, is_quiet)
SELECT :workspace_id, r.item_id, :account_id, :is_quiet
FROM readable(:workspace_id, :account_id) r
WHERE r.item_id = :conversation_id AND r.kind = 'conversation'
ON CONFLICT (workspace_id, conversation_id, account_id) DO UPDATE SET is_quiet = EXCLUDED.is_quiet;

-- name: list_markers
-- Where the caller stands in conversations, and how much others wrote since; up to a bound, which keeps the cost of a list constant.
SELECT
    r.item_id AS conversation_id,
    coalesce(p.read_seq, 0) AS read_seq,
    (SELECT count(*) FILTER (WHERE later.is_new)::int
        FROM (SELECT m.deleted_at IS NULL AND m.author_id IS DISTINCT FROM :account_id AS is_new
            FROM message m
            WHERE m.workspace_id = :workspace_id
                AND m.conversation_id = r.item_id
                AND m.seq > coalesce(p.read_seq, 0)
            ORDER BY m.seq
            LIMIT :most) AS later) AS unread,
    coalesce(p.is_quiet, false) AS is_quiet
FROM readable(:workspace_id, :account_id) r
LEFT JOIN conversation_person p ON p.workspace_id = :workspace_id
    AND p.conversation_id = r.item_id
    AND p.account_id = :account_id
WHERE r.item_id = ANY (:conversation_ids::uuid[])
    AND r.kind = 'conversation'
ORDER BY r.item_id;
