-- The log of what has changed in conversations (0021_note_changes.sql).

-- name: note_change
-- unscoped: the caller has found in this transaction that the conversation is the actor's to change
-- The lock of the conversation's row makes seq follow the order of commits, without gaps.
WITH raised AS (
    UPDATE conversation
    SET change_seq = change_seq + 1
    WHERE workspace_id = :workspace_id
        AND id = :conversation_id
    RETURNING change_seq
)
INSERT INTO change (workspace_id, conversation_id, seq, kind, subject_id, actor_id, data)
SELECT
    :workspace_id,
    :conversation_id,
    raised.change_seq,
    :kind,
    :subject_id,
    :actor_id,
    :data::text::jsonb
FROM raised
RETURNING seq;
