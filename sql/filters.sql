-- What the filters of a query name, read by the application role under row-level security: ids for admits().

-- name: match_items
-- The readable conversations and files that each filter fits. `ops` are operators, `patterns` what they compare with; `is`
-- stands for is:shared. Whom a conversation is granted to takes part in it: a person, or all of the workspace but guests.
SELECT asked.ordinal::int AS ordinal, array_agg(i.id) AS ids
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
LEFT JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
LEFT JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = f.id AND v.version = f.version
CROSS JOIN unnest(:ops::text[], :patterns::text[], :least::bigint[], :ends::bigint[])
    WITH ORDINALITY AS asked (op, pattern, least, before, ordinal)
WHERE CASE asked.op
    WHEN 'in' THEN i.kind = 'conversation' AND i.title ILIKE asked.pattern
        OR f.folder ILIKE asked.pattern OR '%' || i.id::text || '%' = lower(asked.pattern)
    WHEN 'name' THEN i.kind = 'file' AND i.title ILIKE asked.pattern
    WHEN 'ext' THEN i.extension = asked.pattern
    WHEN 'tag' THEN asked.pattern = ANY (i.tags)
    WHEN 'size' THEN v.size_bytes >= asked.least AND v.size_bytes < asked.before
    WHEN 'to' THEN i.kind = 'conversation' AND EXISTS (
        SELECT 1
        FROM access_grant g
        JOIN membership m ON m.workspace_id = :workspace_id
            AND (m.account_id = g.principal_id OR g.principal_id = :workspace_id AND m.role <> 'guest')
        JOIN account a ON a.id = m.account_id
        WHERE g.workspace_id = :workspace_id
            AND g.item_id = i.id
            AND (a.name ILIKE asked.pattern
                OR a.email ILIKE substr(asked.pattern, 2)
                OR a.email ILIKE '%@' || substr(asked.pattern, 2)
                OR asked.pattern IS NULL AND a.id = :account_id))
    ELSE EXISTS (
        SELECT 1 FROM access_grant g
        WHERE g.workspace_id = :workspace_id AND g.item_id = i.id AND g.principal_id <> i.owner_id)
    END
GROUP BY asked.ordinal;

-- name: match_people
-- The people of the workspace whose name holds what is asked for, or whose address, or its domain, begins with it: inside an
-- address three letters stand by chance. Patterns begin with `%`.
SELECT asked.ordinal::int AS ordinal, array_agg(a.id) AS ids
FROM account a
JOIN membership m ON m.account_id = a.id AND m.workspace_id = :workspace_id
JOIN unnest(:patterns::text[]) WITH ORDINALITY AS asked (pattern, ordinal)
    ON a.name ILIKE asked.pattern
    OR a.email ILIKE substr(asked.pattern, 2)
    OR a.email ILIKE '%@' || substr(asked.pattern, 2)
GROUP BY asked.ordinal;

-- name: find_thing
-- What an id names, if the caller may read it: a whole item, a message, or a passage; with its passages, and those around it.
WITH thing AS (
    SELECT i.id AS item_id, NULL::uuid AS message_id, NULL::bigint AS seq, NULL::uuid AS passage_id, NULL::int AS ordinal
    FROM item i
    WHERE i.workspace_id = :workspace_id AND i.id = :id
    UNION ALL
    SELECT m.conversation_id, m.id, m.seq, NULL, NULL
    FROM message m
    WHERE m.workspace_id = :workspace_id AND m.id = :id AND m.deleted_at IS NULL
    UNION ALL
    SELECT p.item_id, p.message_id, m.seq, p.id, p.ordinal
    FROM passage p
    JOIN readable(:workspace_id, :account_id) r ON r.active_build_id = p.build_id
    LEFT JOIN message m ON m.workspace_id = :workspace_id AND m.id = p.message_id
    WHERE p.workspace_id = :workspace_id AND p.id = :id
)
SELECT
    t.item_id,
    t.message_id IS NULL AND t.passage_id IS NULL AS is_whole,
    ARRAY(
        SELECT p.id FROM passage p
        WHERE p.workspace_id = :workspace_id AND p.message_id = t.message_id AND t.passage_id IS NULL
        UNION ALL
        SELECT t.passage_id WHERE t.passage_id IS NOT NULL) AS own,
    ARRAY(
        SELECT p.id FROM message m
        JOIN passage p ON p.workspace_id = :workspace_id AND p.message_id = m.id
        WHERE m.workspace_id = :workspace_id
            AND m.conversation_id = t.item_id
            AND m.seq BETWEEN t.seq - :messages::int AND t.seq + :messages::int
        UNION ALL
        SELECT p.id FROM passage p
        WHERE p.workspace_id = :workspace_id
            AND p.build_id = r.active_build_id
            AND t.message_id IS NULL
            AND p.ordinal BETWEEN t.ordinal - :passages::int AND t.ordinal + :passages::int) AS around
FROM thing t
JOIN readable(:workspace_id, :account_id) r ON r.item_id = t.item_id;

-- name: read_thing
-- The words of what an id names: a message, a passage, or how a file or conversation begins, after its title.
SELECT coalesce(
    (SELECT m.content
    FROM message m
    JOIN readable(:workspace_id, :account_id) r ON r.item_id = m.conversation_id
    WHERE m.workspace_id = :workspace_id AND m.id = :id AND m.deleted_at IS NULL),
    (SELECT coalesce(
        substr(m.content, p.span_start + 1, p.span_end - p.span_start),
        (SELECT substr(string_agg(t.content, '' ORDER BY t.ordinal), p.span_start - min(t.span_start) + 1, p.span_end - p.span_start)
        FROM text_segment t
        WHERE t.workspace_id = :workspace_id
            AND t.build_id = p.build_id
            AND t.span_start < p.span_end
            AND t.span_start + length(t.content) > p.span_start))
    FROM passage p
    JOIN readable(:workspace_id, :account_id) r ON r.active_build_id = p.build_id
    LEFT JOIN message m ON m.workspace_id = :workspace_id AND m.id = p.message_id AND m.deleted_at IS NULL
    WHERE p.workspace_id = :workspace_id AND p.id = :id),
    (SELECT concat_ws(' ', i.title,
        (SELECT string_agg(left(m.content, :characters::int), ' ' ORDER BY m.seq)
        FROM message m
        WHERE m.workspace_id = :workspace_id AND m.conversation_id = i.id AND m.seq <= 3 AND m.deleted_at IS NULL),
        (SELECT left(t.content, :characters::int)
        FROM text_segment t
        WHERE t.workspace_id = :workspace_id AND t.build_id = r.active_build_id
        ORDER BY t.ordinal
        LIMIT 1))
    FROM readable(:workspace_id, :account_id) r
    JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
    WHERE r.item_id = :id),
    '') AS text;
