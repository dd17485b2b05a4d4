-- What stands around the messages of a page of hits, read by the application role under row-level security.

-- name: find_context
-- The nearest messages before and after each of these, by seq; what was deleted is passed over, what is closed is absent.
SELECT
    near.hit_id,
    near.is_before,
    near.message_id,
    coalesce(a.name, '') AS author,
    near.created_at,
    near.content,
    near.is_cut
FROM unnest(:ids::uuid[]) AS asked (id)
JOIN message m ON m.workspace_id = :workspace_id AND m.id = asked.id AND m.deleted_at IS NULL
JOIN readable(:workspace_id, :account_id) r ON r.item_id = m.conversation_id
CROSS JOIN LATERAL (
    (SELECT m.id AS hit_id, true AS is_before, b.id AS message_id, b.seq, b.author_id, b.created_at,
        left(b.content, :characters::int) AS content, length(b.content) > :characters::int AS is_cut
     FROM message b
     WHERE b.workspace_id = :workspace_id AND b.conversation_id = m.conversation_id
        AND b.seq < m.seq AND b.deleted_at IS NULL
     ORDER BY b.seq DESC
     LIMIT :around::int)
    UNION ALL
    (SELECT m.id, false, f.id, f.seq, f.author_id, f.created_at,
        left(f.content, :characters::int), length(f.content) > :characters::int
     FROM message f
     WHERE f.workspace_id = :workspace_id AND f.conversation_id = m.conversation_id
        AND f.seq > m.seq AND f.deleted_at IS NULL
     ORDER BY f.seq
     LIMIT :around::int)
) AS near
LEFT JOIN account a ON a.id = near.author_id
ORDER BY near.hit_id, near.seq;
