-- Completions as a person types. Titles and words are looked for as recollect_search, whose only wall is readable(), and read
-- again by the application role under row-level security before they leave. Every list has its LIMIT.

-- name: suggest_items
-- Items whose title has a word that begins like the typed one, else (from three letters on) holds it anywhere.
(SELECT r.item_id AS id, true AS begins
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
WHERE i.folded LIKE :word_start::text AND (:kind::text IS NULL OR r.kind = :kind::text)
LIMIT :most::int)
UNION ALL
(SELECT r.item_id AS id, false AS begins
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
WHERE i.folded LIKE :anywhere::text AND (:kind::text IS NULL OR r.kind = :kind::text)
LIMIT :most::int);

-- name: read_titles
SELECT r.item_id AS id, r.kind, i.title
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
WHERE r.item_id = ANY (:ids::uuid[]);

-- name: suggest_words
-- Words that begin like the typed one, each with a passage that the caller may read: of the items that changed last, so that
-- new words are known at once, and the workspace's most frequent ones. One not seen in the former is looked up, in as many
-- passages as :tried says, which may all be of others: then it is given up.
WITH visible AS MATERIALIZED (
    SELECT r.item_id, r.active_build_id, r.kind, i.updated_at
    FROM readable(:workspace_id, :account_id) r
    JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
), latest AS MATERIALIZED (
    (SELECT item_id, active_build_id FROM visible WHERE kind = 'conversation' ORDER BY updated_at DESC, item_id DESC LIMIT :items::int)
    UNION ALL
    (SELECT item_id, active_build_id FROM visible WHERE kind = 'file' ORDER BY updated_at DESC, item_id DESC LIMIT :items::int)
), near AS MATERIALIZED (
    SELECT p.id, p.tsv
    FROM latest
    CROSS JOIN LATERAL (
        SELECT q.id, q.tsv FROM passage q
        WHERE q.workspace_id = :workspace_id AND q.build_id = latest.active_build_id
        LIMIT :passages::int
    ) AS p
    WHERE p.tsv @@ :begins::text::tsquery
    LIMIT :tried::int
), seen AS MATERIALIZED (
    SELECT w.lexeme, count(*) AS ndoc, (array_agg(near.id))[1] AS passage_id
    FROM near
    CROSS JOIN LATERAL unnest(tsvector_to_array(near.tsv)) AS w (lexeme)
    WHERE w.lexeme LIKE :pattern::text
    GROUP BY w.lexeme
), known AS MATERIALIZED (
    SELECT s.lexeme, s.ndoc
    FROM lexeme_stat s
    WHERE s.workspace_id = :workspace_id AND s.lexeme LIKE :pattern::text
    ORDER BY s.ndoc DESC, s.lexeme
    LIMIT :most::int
), confirmed AS (
    SELECT known.lexeme, known.ndoc, coalesce(seen.passage_id, found.passage_id) AS passage_id
    FROM known
    LEFT JOIN seen ON seen.lexeme = known.lexeme
    LEFT JOIN LATERAL (
        SELECT h.passage_id
        FROM readable_holders(:workspace_id, :account_id, known.lexeme, :tried::int, 1) AS h
        WHERE seen.passage_id IS NULL
        OFFSET 0 -- a fence: what was seen is not looked up
    ) AS found ON true
    WHERE coalesce(seen.passage_id, found.passage_id) IS NOT NULL
)
(SELECT lexeme, ndoc::bigint AS ndoc, passage_id FROM confirmed)
UNION ALL
(SELECT lexeme, ndoc, passage_id
FROM seen
WHERE lexeme NOT IN (SELECT confirmed.lexeme FROM confirmed)
ORDER BY ndoc DESC, lexeme
LIMIT :most::int)
ORDER BY ndoc DESC, lexeme;

-- name: suggest_people
-- Members whose name or address has a word that begins like the typed one.
SELECT a.name, a.email
FROM membership m
JOIN account a ON a.id = m.account_id
WHERE m.workspace_id = :workspace_id
    AND a.folded LIKE :word_start::text
ORDER BY lower(a.name), a.email
LIMIT :most::int;

-- name: suggest_extensions
-- Of the files that changed last, most frequent first.
SELECT seen.extension AS value
FROM (
    SELECT i.extension
    FROM item i
    JOIN readable(:workspace_id, :account_id) r ON r.item_id = i.id
    WHERE i.workspace_id = :workspace_id AND i.kind = 'file'
    ORDER BY i.updated_at DESC, i.id DESC
    LIMIT :files::int
) AS seen
WHERE seen.extension <> '' AND seen.extension LIKE :pattern::text
GROUP BY seen.extension
ORDER BY count(*) DESC, seen.extension
LIMIT :most::int;

-- name: suggest_folders
-- Of the files that changed last, most frequent first.
SELECT seen.folder AS value
FROM (
    SELECT f.folder
    FROM item i
    JOIN readable(:workspace_id, :account_id) r ON r.item_id = i.id
    JOIN file f ON f.workspace_id = :workspace_id AND f.id = i.id
    WHERE i.workspace_id = :workspace_id AND i.kind = 'file'
    ORDER BY i.updated_at DESC, i.id DESC
    LIMIT :files::int
) AS seen
WHERE seen.folder <> '' AND folded_title(seen.folder) LIKE :word_start::text
GROUP BY seen.folder
ORDER BY count(*) DESC, seen.folder
LIMIT :most::int;
