-- What is one person's own in a conversation: how far he has read, and whether it is to be quiet. The branch that he looks at is
-- tree.sql's, whether he archived it conversation.sql's.

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
