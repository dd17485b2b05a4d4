-- Titles that a model makes: for conversations that no person has named, from their first exchange.

-- name: find_unnamed
-- unscoped: the worker, about the conversation whose reply it has just ended
SELECT id FROM conversation
WHERE workspace_id = :workspace_id AND id = :conversation_id AND named_by IN ('nobody', 'words');

-- name: find_exchange
-- The first question that was answered, and its answer; nothing where a person has named the conversation, or may not any more.
SELECT q.content AS question, a.content AS answer
FROM readable(:workspace_id, :account_id) r
JOIN conversation c ON c.workspace_id = :workspace_id AND c.id = r.item_id
JOIN message a ON a.workspace_id = c.workspace_id AND a.conversation_id = c.id
JOIN message q ON q.workspace_id = c.workspace_id AND q.id = a.parent_id
WHERE c.id = :conversation_id
    AND r.can_write
    AND c.named_by IN ('nobody', 'words')
    AND a.role = 'assistant'
    AND a.deleted_at IS NULL
    AND q.deleted_at IS NULL
ORDER BY a.seq
LIMIT 1;

-- name: hold_title_budget
-- unscoped: the worker, under the fence of the title's job
INSERT INTO title_call (workspace_id, conversation_id, account_id, model, held_tokens, held_micros)
VALUES (:workspace_id, :conversation_id, :account_id, :model, :held_tokens, :held_micros)
ON CONFLICT (workspace_id, conversation_id) DO UPDATE
SET held_tokens = EXCLUDED.held_tokens, held_micros = EXCLUDED.held_micros;

-- name: count_title
-- unscoped: the worker, under the fence of the title's job
-- Attempts add up.
UPDATE title_call
SET input_tokens = input_tokens + :input_tokens, output_tokens = output_tokens + :output_tokens,
    cost_micros = cost_micros + :cost_micros, model = :model, held_tokens = 0, held_micros = 0
WHERE workspace_id = :workspace_id AND conversation_id = :conversation_id;

-- name: release_title_budget
-- unscoped: the worker, as the title's job ends without a call
UPDATE title_call SET held_tokens = 0, held_micros = 0
WHERE workspace_id = :workspace_id AND conversation_id = :conversation_id;

-- name: lock_unnamed
-- unscoped: find_exchange has asked the predicate
-- The lock keeps a person's name from being given in between.
SELECT id FROM conversation
WHERE workspace_id = :workspace_id AND id = :conversation_id AND named_by IN ('nobody', 'words')
FOR UPDATE;

-- name: name_by_model
-- unscoped: lock_unnamed has found in this transaction that no person has named it
-- Nobody did anything: the conversation keeps its place in the list.
WITH named AS (
    UPDATE conversation SET named_by = 'model'
    WHERE workspace_id = :workspace_id AND id = :conversation_id
    RETURNING id
)
UPDATE item SET title = :title
FROM named
WHERE item.workspace_id = :workspace_id AND item.id = named.id;
