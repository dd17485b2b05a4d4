-- Tags of conversations and files, lower case and in order.

-- name: find_tags
SELECT i.tags, r.can_write
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
WHERE r.item_id = :item_id
    AND r.kind = :kind;

-- name: set_tags
UPDATE item i
SET tags = :tags::text[]
FROM readable(:workspace_id, :account_id) r
WHERE i.workspace_id = :workspace_id
    AND i.id = :item_id
    AND r.item_id = i.id
    AND r.can_write;

-- name: suggest_tags
-- The tags of what the caller may read that begin so, the most used first.
SELECT tag AS value
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
CROSS JOIN LATERAL unnest(i.tags) AS tag
WHERE tag LIKE :pattern::text
GROUP BY tag
ORDER BY count(*) DESC, tag
LIMIT :most::int;
