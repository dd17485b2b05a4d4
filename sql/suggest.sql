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
-- Words that begin like the typed one, each with a passage that the caller may read. Where :few passages or fewer hold any such
-- word, all of them are looked at. Else: the items that changed last, so that new words are known at once, and the workspace's
-- most frequent words; one not seen in the former is looked up, in as many passages as :tried says, which may all be of others:
-- then it is given up, and the next is tried.
WITH visible AS MATERIALIZED (
    SELECT r.item_id, r.active_build_id, r.kind, i.updated_at
    FROM readable(:workspace_id, :account_id) r
    JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
), latest AS MATERIALIZED (
    (SELECT item_id, active_build_id FROM visible WHERE kind = 'conversation' ORDER BY updated_at DESC, item_id DESC LIMIT :items::int)
    UNION ALL
    (SELECT item_id, active_build_id FROM visible WHERE kind = 'file' ORDER BY updated_at DESC, item_id DESC LIMIT :items::int)
), held AS MATERIALIZED (
    -- Each word is in one passage at least, so that many words are enough to see that there are more.
    SELECT coalesce(sum(s.ndoc), 0) <= :few::int AS by_few
    FROM (
        SELECT ndoc FROM lexeme_stat
        WHERE workspace_id = :workspace_id AND lexeme LIKE :pattern::text
        LIMIT :few::int + 1
    ) AS s
), holding AS MATERIALIZED (
    -- Without its LIMIT, for which the planner would read the whole table: it takes a prefix for more frequent than it is.
    SELECT q.id, q.tsv, q.item_id, q.build_id
    FROM passage q
    WHERE q.workspace_id = :workspace_id
        AND q.tsv @@ :begins::text::tsquery
        AND (SELECT by_few FROM held)
), near AS MATERIALIZED (
    (SELECT p.id, p.tsv
    FROM latest
    CROSS JOIN LATERAL (
        SELECT q.id, q.tsv FROM passage q
        WHERE q.workspace_id = :workspace_id AND q.build_id = latest.active_build_id
        LIMIT :passages::int
    ) AS p
    WHERE p.tsv @@ :begins::text::tsquery
    LIMIT :tried::int)
    UNION ALL
    (SELECT p.id, p.tsv
    FROM (SELECT id, tsv, item_id, build_id FROM holding LIMIT :few::int) AS p -- the count may be old
    JOIN visible v ON v.item_id = p.item_id AND v.active_build_id = p.build_id)
), seen AS MATERIALIZED (
    SELECT w.lexeme, count(DISTINCT near.id) AS ndoc, (array_agg(near.id))[1] AS passage_id
    FROM near
    CROSS JOIN LATERAL unnest(tsvector_to_array(near.tsv)) AS w (lexeme)
    WHERE w.lexeme LIKE :pattern::text
    GROUP BY w.lexeme
), known AS MATERIALIZED (
    SELECT s.lexeme, s.ndoc
    FROM lexeme_stat s
    WHERE s.workspace_id = :workspace_id AND s.lexeme LIKE :pattern::text
    ORDER BY s.ndoc DESC, s.lexeme
    LIMIT :known::int
), confirmed AS (
    SELECT asked.lexeme, asked.ndoc, coalesce(asked.seen_in, found.passage_id) AS passage_id
    FROM (
        SELECT known.lexeme, known.ndoc, seen.passage_id AS seen_in
        FROM known
        LEFT JOIN seen ON seen.lexeme = known.lexeme
        ORDER BY known.ndoc DESC, known.lexeme
    ) AS asked
    LEFT JOIN LATERAL (
        SELECT h.passage_id
        FROM readable_holders(:workspace_id, :account_id, asked.lexeme, :tried::int, 1) AS h
        WHERE asked.seen_in IS NULL AND NOT (SELECT by_few FROM held)
        OFFSET 0 -- a fence: what was seen is not looked up
    ) AS found ON true
    WHERE coalesce(asked.seen_in, found.passage_id) IS NOT NULL
    ORDER BY asked.ndoc DESC, asked.lexeme
    LIMIT :most::int -- the rest is not looked up
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
