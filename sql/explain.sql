-- What explain=true tells of the hits of one page.

-- name: explain_terms
-- What each term of a query adds to the BM25 of each of these passages: find_words' formula, term by term. Read by the
-- application role, so that a passage closed since is absent.
SELECT p.id, (term.ordinal - 1)::int AS term, tf AS frequency, term.idf * tf / (tf + p.norm) AS contribution
FROM (
    SELECT p.id, p.tsv, :flat::float8 + :steep::float8 * p.lexeme_count AS norm
    FROM passage p
    WHERE p.workspace_id = :workspace_id
        AND p.id = ANY (:ids::uuid[])
        AND EXISTS (
            SELECT FROM readable(:workspace_id, :account_id) r
            WHERE r.item_id = p.item_id AND r.active_build_id = p.build_id
            OFFSET 0) -- asked for each of a few passages, as in hydrate of search.sql
) AS p
CROSS JOIN unnest(:wholes::text[]::tsquery[], :a::text[]::tsquery[], :b::text[]::tsquery[], :c::text[]::tsquery[], :d::text[]::tsquery[],
    :idfs::float8[]) WITH ORDINALITY AS term (whole, a, b, c, d, idf, ordinal)
CROSS JOIN LATERAL (
    SELECT 1.64493406685 * (1 - greatest(
        ts_rank('{1,1,1,1}', p.tsv, term.a), ts_rank('{1,1,1,1}', p.tsv, term.b),
        ts_rank('{1,1,1,1}', p.tsv, term.c), ts_rank('{1,1,1,1}', p.tsv, term.d))) AS tail
    OFFSET 0
) AS ranked
CROSS JOIN LATERAL (SELECT 1 / (tail + tail * tail * tail / 12) - 0.5 AS tf OFFSET 0) AS counted
WHERE p.tsv @@ term.whole
ORDER BY p.id, term.ordinal;
