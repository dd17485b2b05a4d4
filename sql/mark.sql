-- What people put on messages: pins, which owners and writers set for all, and reactions, which are each person's own.

-- name: list_pins
-- The pinned messages of a conversation, the last pinned first.
SELECT
    n.message_id,
    m.seq,
    coalesce(a.name, '') AS author,
    left(m.content, :excerpt::int) AS excerpt,
    coalesce(b.name, '') AS pinned_by,
    n.created_at AS pinned_at
FROM readable(:workspace_id, :account_id) r
JOIN message_pin n ON n.workspace_id = :workspace_id AND n.conversation_id = r.item_id
JOIN message m ON m.workspace_id = :workspace_id AND m.id = n.message_id AND m.deleted_at IS NULL
LEFT JOIN account a ON a.id = m.author_id
LEFT JOIN account b ON b.id = n.account_id
WHERE r.item_id = :conversation_id
ORDER BY n.created_at DESC, n.message_id DESC
LIMIT :most::int;

-- name: pin_message
-- One that is pinned stays as it is; the number of a conversation's is bounded.
INSERT INTO message_pin (workspace_id, message_id, conversation_id, account_id)
SELECT :workspace_id, m.id, m.conversation_id, :account_id
FROM message m
JOIN readable(:workspace_id, :account_id) r ON r.item_id = m.conversation_id AND r.can_write
WHERE m.workspace_id = :workspace_id
    AND m.id = :message_id
    AND m.deleted_at IS NULL
    AND (SELECT count(*) FROM message_pin n
        WHERE n.workspace_id = :workspace_id AND n.conversation_id = m.conversation_id) < :most::int
ON CONFLICT (workspace_id, message_id) DO UPDATE SET account_id = message_pin.account_id;

-- name: unpin_message
DELETE FROM message_pin n
USING readable(:workspace_id, :account_id) r
WHERE n.workspace_id = :workspace_id
    AND n.message_id = :message_id
    AND r.item_id = n.conversation_id
    AND r.can_write;

-- name: index_pin
-- unscoped: the message was pinned or unpinned in this transaction
-- What is:pinned finds; an edit of the message makes its passages anew, with what they hold (sql/index.sql).
UPDATE passage
SET traits = ARRAY(
    SELECT t FROM unnest(array_remove(traits, 'pinned') || CASE WHEN :is_pinned::boolean THEN '{pinned}'::text[] END) AS t
    ORDER BY t)
WHERE workspace_id = :workspace_id AND message_id = :message_id;

-- name: list_reactions
-- Of some messages: each emoji in the order in which it came first, and who reacted so, the first ones by name.
SELECT
    e.message_id,
    e.emoji,
    count(*)::int AS count,
    bool_or(e.account_id = :account_id) AS is_mine,
    (array_agg(coalesce(a.name, '') ORDER BY e.created_at, e.account_id))[1:20] AS names
FROM message_reaction e
JOIN message m ON m.workspace_id = :workspace_id AND m.id = e.message_id AND m.deleted_at IS NULL
JOIN readable(:workspace_id, :account_id) r ON r.item_id = m.conversation_id
LEFT JOIN account a ON a.id = e.account_id
WHERE e.workspace_id = :workspace_id
    AND e.message_id = ANY (:message_ids::uuid[])
GROUP BY e.message_id, e.emoji
ORDER BY e.message_id, min(e.created_at), e.emoji;

-- name: react
-- Up to a bound of kinds on one message.
INSERT INTO message_reaction (workspace_id, message_id, account_id, emoji)
SELECT :workspace_id, m.id, :account_id, :emoji
FROM message m
JOIN readable(:workspace_id, :account_id) r ON r.item_id = m.conversation_id
WHERE m.workspace_id = :workspace_id
    AND m.id = :message_id
    AND m.deleted_at IS NULL
    AND (SELECT count(DISTINCT e.emoji) FROM message_reaction e
        WHERE e.workspace_id = :workspace_id AND e.message_id = m.id AND e.emoji <> :emoji) < :most::int
ON CONFLICT (workspace_id, message_id, account_id, emoji) DO UPDATE SET created_at = message_reaction.created_at;

-- name: take_reaction_back
-- unscoped: the message was found by find_message in this transaction; a reaction is its person's own
DELETE FROM message_reaction
WHERE workspace_id = :workspace_id AND message_id = :message_id AND account_id = :account_id AND emoji = :emoji;
