-- How many of what a search answers fall under each value of a facet. Counted as recollect_search, whose only wall is
-- readable(); the names and titles behind the values are read by the application role under row-level security.

-- name: count_facets
-- Counts messages and files, not passages: those of the ranked list (:listed), and, unless :listed_only, whatever else passes the
-- filters and holds :words (NULL: everything). At most :look rows are looked at for that. If there are more, a sample of :blocks
-- disk blocks of the workspace's partition is counted instead and scaled, and the list is the least there can be.
WITH listed AS (
    SELECT coalesce(p.message_id, p.item_id) AS unit, p.message_id IS NOT NULL AS is_message, p.item_id, p.author_id, p.created_at,
        p.lang, p.ordinal
    FROM passage p
    WHERE p.workspace_id = :workspace_id
        AND p.id = ANY (:listed::uuid[])
        AND (p.build_id IN (SELECT r.active_build_id FROM readable(:workspace_id, :account_id) r)) IS TRUE
), looked AS MATERIALIZED (
    SELECT coalesce(p.message_id, p.item_id) AS unit, p.message_id IS NOT NULL AS is_message, p.item_id, p.author_id, p.created_at,
        p.lang, p.ordinal, admits(p, :within::narrowing) AS is_admitted
    FROM passage p
    JOIN readable(:workspace_id, :account_id) r ON r.active_build_id = p.build_id
    WHERE NOT :listed_only::boolean
        AND p.workspace_id = :workspace_id
        AND (:words::text IS NULL OR p.tsv @@ :words::text::tsquery)
        AND (NOT :openings::boolean OR p.ordinal = 0)
        -- What an index can answer; the other filters must not make us look at more rows than :look.
        AND ((:within::narrowing).items IS NULL OR p.item_id = ANY ((:within::narrowing).items))
        AND ((:within::narrowing).kind IS NULL OR r.kind = CASE (:within::narrowing).kind WHEN 'file' THEN 'file' ELSE 'conversation' END)
    LIMIT :look::int + 1
), extent AS MATERIALIZED (
    SELECT (SELECT count(*) FROM looked) > :look::int AS is_cut,
        least(1, :blocks::float8 * 8192 / greatest((
            SELECT pg_relation_size(own.tableoid)
            FROM (SELECT p.tableoid FROM passage p WHERE p.workspace_id = :workspace_id LIMIT 1) AS own), 1)) AS share
), sampled AS (
    -- A message or file stands in the sample with the first of its passages that holds the words: each has one.
    SELECT coalesce(p.message_id, p.item_id) AS unit, p.message_id IS NOT NULL AS is_message, p.item_id, p.author_id, p.created_at,
        p.lang, p.ordinal
    FROM passage p TABLESAMPLE SYSTEM ((SELECT 100 * share FROM extent)) REPEATABLE (0)
    JOIN readable(:workspace_id, :account_id) r ON r.active_build_id = p.build_id
    WHERE (SELECT is_cut FROM extent)
        AND p.workspace_id = :workspace_id
        AND (:words::text IS NULL OR p.tsv @@ :words::text::tsquery)
        AND (NOT :openings::boolean OR p.ordinal = 0)
        AND admits(p, :within::narrowing)
        AND (p.ordinal = 0 OR p.message_id IS NULL OR NOT EXISTS (
            SELECT FROM passage q
            WHERE q.workspace_id = :workspace_id
                AND q.message_id = p.message_id
                AND q.ordinal < p.ordinal
                AND (:words::text IS NULL OR q.tsv @@ :words::text::tsquery)
                AND admits(q, :within::narrowing)))
        AND (p.ordinal = 0 OR p.message_id IS NOT NULL OR NOT EXISTS (
            SELECT FROM passage q
            WHERE q.workspace_id = :workspace_id
                AND q.build_id = p.build_id
                AND q.ordinal < p.ordinal
                AND (:words::text IS NULL OR q.tsv @@ :words::text::tsquery)
                AND admits(q, :within::narrowing)))
), matched AS (
    SELECT false AS is_sampled, unit, is_message, item_id, author_id, created_at, lang, ordinal FROM listed
    UNION ALL
    SELECT false, unit, is_message, item_id, author_id, created_at, lang, ordinal FROM looked
    WHERE is_admitted AND NOT (SELECT is_cut FROM extent)
    UNION ALL
    SELECT true, unit, is_message, item_id, author_id, created_at, lang, ordinal FROM sampled
), numbered AS (
    SELECT is_sampled, is_message, item_id, author_id, created_at, lang,
        row_number() OVER passages = 1 AS is_first,
        lag(lang) OVER passages IS DISTINCT FROM lang AS is_first_of_lang
    FROM matched
    WINDOW passages AS (PARTITION BY is_sampled, unit ORDER BY lang, ordinal)
), counted AS MATERIALIZED (
    SELECT valued.facet, valued.value,
        greatest(count(*) FILTER (WHERE NOT n.is_sampled),
            round(count(*) FILTER (WHERE n.is_sampled) / (SELECT share FROM extent)))::bigint AS count
    FROM numbered n
    LEFT JOIN item i ON ARRAY['ext', 'folder', 'tag'] && :facets::text[] AND i.workspace_id = :workspace_id AND i.id = n.item_id
    LEFT JOIN file f ON 'folder' = ANY (:facets::text[]) AND f.workspace_id = :workspace_id AND f.id = n.item_id
    CROSS JOIN LATERAL (VALUES
        ('type', CASE WHEN n.is_message THEN 'message' ELSE 'file' END, n.is_first),
        ('from', n.author_id::text, n.is_first),
        ('in', CASE WHEN n.is_message THEN n.item_id::text END, n.is_first),
        ('folder', f.folder, n.is_first),
        ('month', width_bucket(n.created_at, :months::timestamptz[])::text, n.is_first),
        ('ext', CASE WHEN NOT n.is_message THEN i.extension END, n.is_first),
        ('lang', n.lang, n.is_first_of_lang)
        UNION ALL SELECT 'tag', tag, n.is_first FROM unnest(i.tags) AS tag) AS valued (facet, value, is_counted)
    WHERE valued.is_counted AND valued.value <> '' AND valued.facet = ANY (:facets::text[])
    GROUP BY valued.facet, valued.value
)
SELECT asked.facet, coalesce(top.value, '') AS value, coalesce(top.count, 0) AS count, NOT extent.is_cut AS is_exact,
    -- A title that other conversations of the caller hold as well would let in: find those, too.
    asked.facet = 'in' AND EXISTS (
        SELECT FROM item own
        JOIN item other ON other.workspace_id = :workspace_id AND other.id <> own.id AND other.kind = 'conversation'
            AND other.folded LIKE '%' || btrim(own.folded) || '%'
        JOIN readable(:workspace_id, :account_id) r ON r.item_id = other.id
        WHERE own.workspace_id = :workspace_id AND own.id = top.value::uuid) AS is_ambiguous
FROM unnest(:facets::text[]) AS asked (facet)
CROSS JOIN extent
LEFT JOIN LATERAL (
    SELECT c.value, c.count
    FROM counted c
    WHERE c.facet = asked.facet
    ORDER BY CASE c.facet WHEN 'month' THEN c.value::int END DESC, c.count DESC, c.value
    LIMIT :most::int
) AS top ON true
ORDER BY asked.facet, CASE asked.facet WHEN 'month' THEN top.value::int END DESC, top.count DESC, top.value;

-- name: read_labels
-- The people, conversations and folders behind values, as far as the application role sees them.
SELECT 'from' AS facet, a.id::text AS key, a.name AS label, a.email AS value
FROM account a
JOIN membership m ON m.account_id = a.id AND m.workspace_id = :workspace_id
WHERE a.id = ANY (:people::uuid[])
UNION ALL
SELECT 'in' AS facet, i.id::text AS key, i.title AS label, i.title AS value
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
WHERE i.id = ANY (:conversations::uuid[])
UNION ALL
SELECT DISTINCT 'folder' AS facet, f.folder AS key, f.folder AS label, f.folder AS value
FROM readable(:workspace_id, :account_id) r
JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
WHERE f.folder = ANY (:folders::text[]);
