-- The questions of search/: what the index knows, its legs, and what a page of hits shows. The legs run as recollect_search,
-- whose only wall is readable(); what leaves is read again by the application role under row-level security.

-- name: read_basis
-- What scoring needs to know of a workspace's index, and how many passages hold each lexeme (0 where it was never counted).
-- unscoped: counts of a workspace whose membership the Scope has shown; no row of content leaves.
SELECT
    w.index_seq,
    coalesce(c.passage_count, 0) AS passage_count,
    coalesce(c.lexeme_total, 0) AS lexeme_total,
    g.id AS generation_id,
    g.model,
    g.sigma,
    ARRAY(
        SELECT m.lang FROM language_mean m
        WHERE m.workspace_id = w.id AND m.generation_id = g.id AND m.lang <> ''
        ORDER BY m.passage_count DESC, m.lang
        LIMIT 3) AS langs,
    ARRAY(
        SELECT coalesce(s.ndoc, 0)
        FROM unnest(:lexemes::text[]) WITH ORDINALITY AS asked (lexeme, ordinal)
        LEFT JOIN lexeme_stat s ON s.workspace_id = :ws AND s.lexeme = asked.lexeme
        ORDER BY asked.ordinal) AS ndocs
FROM workspace w
LEFT JOIN corpus_stat c ON c.workspace_id = w.id
LEFT JOIN generation g ON g.workspace_id = w.id AND g.state = 'active'
WHERE w.id = :ws;

-- name: find_lexical
-- The best passages by BM25 (k1 1.2, b 0.75) among the matches of a bounded tsquery. Each term has up to four lexemes, of
-- which the most frequent in the passage counts. ts_rank() of one lexeme is H2(tf) / 1.644934, H2(n) = sum of 1/j^2; its
-- tail t = 1.644934 - H2(tf) gives tf + 1/2 = 1 / (t + t^3 / 12), exact to 0.2 %.
WITH seen AS MATERIALIZED (
    SELECT r.item_id, r.active_build_id
    FROM readable(:ws, :uid) r
    WHERE :items::uuid[] IS NULL OR r.item_id = ANY (:items::uuid[])
), term AS MATERIALIZED (
    SELECT a, b, c, d, idf
    FROM unnest(:a::text[]::tsquery[], :b::text[]::tsquery[], :c::text[]::tsquery[], :d::text[]::tsquery[], :idfs::float8[])
        AS t (a, b, c, d, idf)
), candidate AS MATERIALIZED (
    SELECT p.id, p.item_id, p.tsv, 1.2 * (0.25 + 0.75 * p.lexeme_count / :average_length::float8) AS norm
    FROM passage p
    JOIN seen ON seen.item_id = p.item_id AND seen.active_build_id IS NOT DISTINCT FROM p.build_id
    WHERE p.workspace_id = :ws
        AND p.tsv @@ :candidates::text::tsquery
        AND (:kind::text IS NULL OR (p.message_id IS NOT NULL) = (:kind::text = 'message'))
        AND (:authors::uuid[] IS NULL OR p.author_id = ANY (:authors::uuid[]))
        AND (:not_authors::uuid[] IS NULL OR p.author_id IS NULL OR p.author_id <> ALL (:not_authors::uuid[]))
        AND (:after::timestamptz IS NULL OR p.created_at >= :after::timestamptz)
        AND (:before::timestamptz IS NULL OR p.created_at < :before::timestamptz)
        AND (:langs::text[] IS NULL OR p.lang = ANY (:langs::text[]))
        AND (:not_langs::text[] IS NULL OR p.lang <> ALL (:not_langs::text[]))
    LIMIT :cap::int
)
SELECT candidate.id, scored.bm25
FROM candidate
CROSS JOIN LATERAL (
    SELECT sum(term.idf * tf / (tf + candidate.norm)) AS bm25
    FROM term
    CROSS JOIN LATERAL (
        SELECT 1.64493406685 * (1 - greatest(
            ts_rank('{1,1,1,1}', candidate.tsv, term.a), ts_rank('{1,1,1,1}', candidate.tsv, term.b),
            ts_rank('{1,1,1,1}', candidate.tsv, term.c), ts_rank('{1,1,1,1}', candidate.tsv, term.d))) AS tail
        OFFSET 0
    ) AS ranked
    CROSS JOIN LATERAL (SELECT 1 / (tail + tail * tail * tail / 12) - 0.5 AS tf OFFSET 0) AS counted
    WHERE tail < 1.6
) AS scored
ORDER BY scored.bm25 DESC NULLS LAST, candidate.id
LIMIT :depth::int;
