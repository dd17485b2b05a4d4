-- What GET /search/why-not asks about one message, file or passage. Read by the application role.

-- name: find_target
-- What an id names, and how far it came: a passage, a message, or a file or conversation that the Scope may see.
SELECT
    r.kind,
    r.item_id,
    i.title,
    coalesce(f.state, '') AS file_state,
    coalesce(f.reason, '') AS file_reason,
    coalesce(f.remedy, '') AS file_remedy
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
LEFT JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
WHERE r.item_id = :target
    OR r.item_id = (
        SELECT m.conversation_id FROM message m
        WHERE m.workspace_id = :workspace_id AND m.id = :target AND m.deleted_at IS NULL)
    OR EXISTS (
        SELECT FROM passage p
        WHERE p.workspace_id = :workspace_id AND p.id = :target AND p.build_id = r.active_build_id)
LIMIT 1;

-- name: list_target_passages
-- The passages of it, in reading order. Named one by one: as one condition on three columns, planned for any id, all of the workspace
-- are read.
SELECT p.id, EXISTS (
        SELECT FROM embedding e
        WHERE e.workspace_id = :workspace_id AND e.generation_id = :generation::uuid AND e.passage_id = p.id) AS has_vector
FROM (
    SELECT q.id FROM passage q WHERE q.workspace_id = :workspace_id AND q.id = :target
    UNION ALL
    SELECT q.id FROM passage q WHERE q.workspace_id = :workspace_id AND q.message_id = :target
    UNION ALL
    (SELECT q.id
    FROM readable(:workspace_id, :account_id) r
    JOIN passage q ON q.workspace_id = :workspace_id AND q.build_id = r.active_build_id
    WHERE r.item_id = :target
    ORDER BY q.ordinal, q.id
    LIMIT :at_most::int)
) AS named
JOIN passage p ON p.workspace_id = :workspace_id AND p.id = named.id
CROSS JOIN LATERAL (
    SELECT FROM readable(:workspace_id, :account_id) r
    WHERE r.item_id = p.item_id AND r.active_build_id = p.build_id
    OFFSET 0
) AS r
ORDER BY p.ordinal, p.id
LIMIT :at_most::int;

-- name: count_admitted
-- How many of these passages a filter leaves, and a condition on the words.
SELECT count(*)::int AS passages
FROM passage p
WHERE p.workspace_id = :workspace_id
    AND p.id = ANY (:ids::uuid[])
    AND (p.build_id IN (SELECT r.active_build_id FROM readable(:workspace_id, :account_id) r)) IS TRUE
    AND admits(p, :within::narrowing)
    AND (:condition::text IS NULL OR p.tsv @@ :condition::text::tsquery);

-- name: list_twins
-- Those of a list whose text is that of one of these passages.
SELECT DISTINCT twin.id
FROM passage p
JOIN passage twin ON twin.workspace_id = :workspace_id AND twin.text_hash = p.text_hash AND twin.id = ANY (:listed::uuid[])
WHERE p.workspace_id = :workspace_id
    AND p.id = ANY (:ids::uuid[])
    AND (twin.build_id IN (SELECT r.active_build_id FROM readable(:workspace_id, :account_id) r)) IS TRUE;
