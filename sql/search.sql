-- The questions of search/: what the index knows, its legs, and what a page of hits shows. The legs run as recollect_search,
-- whose only wall is readable(); what leaves is read again by the application role under row-level security.

-- name: read_basis
-- What scoring needs to know of a workspace's index, and how many passages hold each lexeme (0 where it was never counted). Vectors are
-- those of the live generation, or of the one that is to be measured.
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
        LIMIT 8) AS langs,
    ARRAY(
        SELECT coalesce(s.ndoc, 0)
        FROM unnest(:lexemes::text[]) WITH ORDINALITY AS asked (lexeme, ordinal)
        LEFT JOIN lexeme_stat s ON s.workspace_id = :workspace_id AND s.lexeme = asked.lexeme
        ORDER BY asked.ordinal) AS ndocs
FROM workspace w
LEFT JOIN corpus_stat c ON c.workspace_id = w.id
LEFT JOIN generation g ON g.workspace_id = w.id
    AND CASE WHEN :generation_id::uuid IS NULL THEN g.state = 'active' ELSE g.id = :generation_id::uuid END
WHERE w.id = :workspace_id;

-- name: find_words
-- The best passages by BM25 among the matches of a bounded tsquery; and the opening passages of the items whose titles, with title
-- and author of a file's document, hold most of the query's words by idf: `weight` says how much, and they have no bm25 here.
-- What lengths weigh is search/lexical.py's. Each term has up to four lexemes, of which the most frequent in the passage counts;
-- :wholes, any of them, is asked first, for most passages hold few of the terms. ts_rank() of one lexeme is H2(tf) / 1.644934,
-- H2(n) = sum of 1/j^2; its tail t = 1.644934 - H2(tf) gives tf + 1/2 = 1 / (t + t^3 / 12), exact to 0.2 %. IS TRUE keeps EXISTS
-- a filter, asked one by one or of a hashed set as is cheaper: as a join the planner starts from what may be read and reads all of it
-- (68 ms against 2.4). Items are looked for by the :rare words of which one that is found by name must hold any.
WITH term AS MATERIALIZED (
    SELECT whole, a, b, c, d, idf
    FROM unnest(:wholes::text[]::tsquery[], :a::text[]::tsquery[], :b::text[]::tsquery[], :c::text[]::tsquery[], :d::text[]::tsquery[],
        :idfs::float8[]) AS t (whole, a, b, c, d, idf)
), candidate AS (
    SELECT p.id, p.tsv, :flat::float8 + :steep::float8 * p.lexeme_count AS norm
    FROM passage p
    WHERE p.workspace_id = :workspace_id
        AND p.tsv @@ :candidates::text::tsquery
        AND (EXISTS (
            SELECT FROM readable(:workspace_id, :account_id) r
            WHERE r.item_id = p.item_id AND r.active_build_id = p.build_id)) IS TRUE
        AND (:within::narrowing IS NOT DISTINCT FROM NULL OR admits(p, :within::narrowing))
        AND (cardinality(:apart::bytea[]) = 0 OR p.text_hash <> ALL (:apart::bytea[]))
    LIMIT :cap::int
), best AS (
    SELECT candidate.id, coalesce(scored.bm25, 0) AS bm25, count(*) OVER () AS matches
    FROM candidate
    CROSS JOIN LATERAL (
        SELECT sum(term.idf * (1 - candidate.norm / (1 / (tail + tail * tail * tail / 12) - 0.5 + candidate.norm))) AS bm25
        FROM term
        CROSS JOIN LATERAL (
            SELECT 1.64493406685 * (1 - greatest(
                ts_rank('{1,1,1,1}', candidate.tsv, term.a), ts_rank('{1,1,1,1}', candidate.tsv, term.b),
                ts_rank('{1,1,1,1}', candidate.tsv, term.c), ts_rank('{1,1,1,1}', candidate.tsv, term.d))) AS tail
            OFFSET 0
        ) AS ranked
        WHERE candidate.tsv @@ term.whole
    ) AS scored
    ORDER BY bm25 DESC, candidate.id
    LIMIT :depth::int
), named AS (
    SELECT i.id AS item_id, i.shown_build_id AS build_id, sum(asked.idf) AS weight
    FROM (
        SELECT DISTINCT held.id
        FROM unnest(:rare::text[]) AS rare (pattern)
        CROSS JOIN LATERAL (
            SELECT h.id FROM item h WHERE h.workspace_id = :workspace_id AND h.named LIKE rare.pattern OFFSET 0) AS held
    ) AS held
    JOIN item i ON i.workspace_id = :workspace_id AND i.id = held.id
    JOIN unnest(:words::text[], :idfs::float8[]) AS asked (word, idf) ON strpos(i.named, asked.word) > 0
    WHERE (EXISTS (SELECT FROM readable(:workspace_id, :account_id) r WHERE r.item_id = i.id)) IS TRUE
    GROUP BY i.id, i.shown_build_id
    HAVING sum(asked.idf) >= :named_from::float8
    ORDER BY weight DESC, min(length(i.named)), i.id -- of equal ones that which is nearest to being nothing but the query's words
    LIMIT :named_depth::int
)
SELECT best.id, best.bm25, NULL::float8 AS weight, best.matches
FROM best
UNION ALL
SELECT opening.id, NULL, named.weight, 0
FROM named
CROSS JOIN LATERAL (
    SELECT p.id
    FROM passage p
    WHERE p.workspace_id = :workspace_id
        AND p.item_id = named.item_id
        AND p.build_id = named.build_id
        AND (:condition::text IS NULL OR p.tsv @@ :condition::text::tsquery)
        AND (:within::narrowing IS NOT DISTINCT FROM NULL OR admits(p, :within::narrowing))
    ORDER BY p.ordinal, p.id
    LIMIT 1
) AS opening
ORDER BY weight DESC NULLS FIRST, bm25 DESC, id;

-- name: find_dated
-- The newest or oldest passages that match, for lists sorted by date.
SELECT p.id
FROM passage p
JOIN readable(:workspace_id, :account_id) r ON r.active_build_id = p.build_id
WHERE p.workspace_id = :workspace_id
        AND (:candidates::text IS NULL OR p.tsv @@ :candidates::text::tsquery)
        AND (NOT :openings::boolean OR p.ordinal = 0) -- a list of everything shows each file once
        AND (:within::narrowing IS NOT DISTINCT FROM NULL OR admits(p, :within::narrowing))
ORDER BY CASE WHEN :oldest::boolean THEN p.created_at END, p.created_at DESC, p.id
LIMIT :depth::int;

-- name: find_near_exact
-- The nearest passages, by every vector that may be seen: 1.3 us for each. First which those are, then their vectors by their
-- keys in one scan: joined, the planner expected one row and compared each passage with each item (500 ms at 3,400 passages).
WITH seen AS MATERIALIZED (
    SELECT p.id
    FROM passage p
    WHERE p.workspace_id = :workspace_id
        AND (p.build_id IN (SELECT r.active_build_id FROM readable(:workspace_id, :account_id) r)) IS TRUE
        AND (:condition::text IS NULL OR p.tsv @@ :condition::text::tsquery)
        AND (:within::narrowing IS NOT DISTINCT FROM NULL OR admits(p, :within::narrowing))
        AND (cardinality(:apart::bytea[]) = 0 OR p.text_hash <> ALL (:apart::bytea[]))
), measured AS MATERIALIZED (
    SELECT e.passage_id AS id, -(e.vector <#> :vector::halfvec) AS cosine
    FROM embedding e
    WHERE e.workspace_id = :workspace_id
        AND e.generation_id = :generation
        AND e.passage_id = ANY (ARRAY(SELECT seen.id FROM seen))
)
SELECT id, cosine
FROM measured
ORDER BY cosine DESC, id
LIMIT :depth::int;

-- name: find_near_hnsw
-- The nearest passages by the HNSW index; iterative scan (set on the pool) goes on until enough rows pass the filters,
-- in relaxed order, hence the second sort. OFFSET 0 keeps the filters filters: as joins the planner reads the whole graph and
-- sorts it (500 ms against 2, at 53,000 passages). They are asked of some hundred rows, one by one: all that may be read is more.
WITH nearest AS MATERIALIZED (
    SELECT e.passage_id AS id, -(e.vector <#> :vector::halfvec) AS cosine
    FROM embedding e
    WHERE e.workspace_id = :workspace_id
        AND e.generation_id = :generation
        AND vector_dims(e.vector) = 384 -- of the index
        AND EXISTS (
            SELECT FROM passage p
            WHERE p.workspace_id = :workspace_id
                AND p.id = e.passage_id
                AND EXISTS (
                    SELECT FROM readable(:workspace_id, :account_id) r
                    WHERE r.item_id = p.item_id AND r.active_build_id = p.build_id
                    OFFSET 0)
                AND (:condition::text IS NULL OR p.tsv @@ :condition::text::tsquery)
                AND (:within::narrowing IS NOT DISTINCT FROM NULL OR admits(p, :within::narrowing))
                AND (cardinality(:apart::bytea[]) = 0 OR p.text_hash <> ALL (:apart::bytea[]))
            OFFSET 0)
    ORDER BY e.vector::halfvec(384) <#> :vector::halfvec(384)
    LIMIT :depth::int
)
SELECT id, cosine
FROM nearest
ORDER BY cosine DESC, id;

-- name: count_visible
-- How many passages the Scope may see, counted up to a limit, and how many vectors the largest graph holds: they decide between
-- exact and HNSW.
SELECT count(*)::int AS passages,
    (SELECT max(c.reltuples) FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
     WHERE h.inhparent = 'embedding'::regclass)::float8 AS largest_graph
FROM (
    SELECT 1
    FROM readable(:workspace_id, :account_id) r
    JOIN passage p ON p.workspace_id = :workspace_id AND p.build_id = r.active_build_id
    WHERE :items::uuid[] IS NULL OR r.item_id = ANY (:items::uuid[])
    LIMIT :at_most::int
) AS counted;

-- name: score_candidates
-- unscoped: ids that the legs of this request have just found readable; scores leave, and hydrate asks again
-- Both scores of every candidate of any leg, computed exactly ("complete scoring"); without a vector no cosine. :bm25s are
-- those that the lexical leg computed already, by the same formula; NULL where it did not list the passage.
WITH term AS MATERIALIZED (
    SELECT whole, a, b, c, d, idf
    FROM unnest(:wholes::text[]::tsquery[], :a::text[]::tsquery[], :b::text[]::tsquery[], :c::text[]::tsquery[], :d::text[]::tsquery[],
        :idfs::float8[]) AS t (whole, a, b, c, d, idf)
), centre AS MATERIALIZED (
    SELECT m.lang, m.passage_count, -(m.mean <#> :vector::halfvec) AS centre
    FROM language_mean m
    WHERE m.workspace_id = :workspace_id AND m.generation_id = :generation::uuid
), candidate AS (
    SELECT p.id, p.item_id, p.lang, p.text_hash, p.message_id IS NOT NULL AS is_message, m.asks, coalesce(m.seq, p.ordinal) AS seq, p.tsv,
        i.named AS title, :flat::float8 + :steep::float8 * p.lexeme_count AS norm, found.bm25,
        (extract(epoch FROM date_trunc('day', now(), 'UTC') - p.created_at) / 86400)::float8 AS age_days
    FROM unnest(:ids::uuid[], :bm25s::float8[]) AS found (id, bm25)
    JOIN passage p ON p.workspace_id = :workspace_id AND p.id = found.id
    JOIN item i ON i.workspace_id = :workspace_id AND i.id = p.item_id
    LEFT JOIN message m ON m.workspace_id = :workspace_id AND m.id = p.message_id
    OFFSET 0 -- a fence: the title is lowered once
)
SELECT
    candidate.id,
    candidate.item_id,
    candidate.is_message,
    candidate.text_hash,
    coalesce(candidate.bm25, scored.bm25, 0) AS bm25,
    coalesce((
        SELECT sum(asked.idf)
        FROM unnest(:words::text[], :idfs::float8[]) AS asked (word, idf)
        WHERE strpos(candidate.title, asked.word) > 0), 0) AS name,
    -(e.vector <#> :vector::halfvec) AS cosine,
    coalesce(
        (SELECT centre FROM centre WHERE centre.lang = candidate.lang),
        (SELECT sum(centre * passage_count) / sum(passage_count) FROM centre),
        0) AS centre,
    candidate.lang,
    candidate.asks,
    candidate.seq,
    candidate.age_days
FROM candidate
LEFT JOIN embedding e ON e.workspace_id = :workspace_id AND e.generation_id = :generation::uuid AND e.passage_id = candidate.id
CROSS JOIN LATERAL (
    SELECT sum(term.idf * (1 - candidate.norm / (1 / (tail + tail * tail * tail / 12) - 0.5 + candidate.norm))) AS bm25
    FROM (SELECT * FROM term WHERE candidate.bm25 IS NULL) AS term
    CROSS JOIN LATERAL (
        SELECT 1.64493406685 * (1 - greatest(
            ts_rank('{1,1,1,1}', candidate.tsv, term.a), ts_rank('{1,1,1,1}', candidate.tsv, term.b),
            ts_rank('{1,1,1,1}', candidate.tsv, term.c), ts_rank('{1,1,1,1}', candidate.tsv, term.d))) AS tail
        OFFSET 0
    ) AS ranked
    WHERE candidate.tsv @@ term.whole
) AS scored
;

-- name: hydrate
-- What a page of hits shows, read by the application role under row-level security; rows gone or closed since are absent.
-- :unquoted are passages of which only the place is told: those with the text of a hit.
SELECT
    p.id,
    r.kind = 'conversation' AS is_message,
    p.item_id,
    p.message_id,
    i.title,
    p.headings,
    coalesce(a.name, '') AS author,
    p.created_at,
    p.lang,
    p.page_first,
    p.page_last,
    p.span_start,
    p.span_end,
    v.version,
    CASE WHEN p.id = ANY (:unquoted::uuid[]) THEN '' ELSE coalesce(
        substr(m.content, p.span_start + 1, p.span_end - p.span_start),
        (SELECT substr(string_agg(t.content, '' ORDER BY t.ordinal), p.span_start - min(t.span_start) + 1, p.span_end - p.span_start)
         FROM text_segment t
         WHERE t.workspace_id = :workspace_id
            AND t.build_id = p.build_id
            AND t.span_start < p.span_end
            AND t.span_start + length(t.content) > p.span_start),
        '') END AS text
FROM passage p
CROSS JOIN LATERAL (
    SELECT r.kind
    FROM readable(:workspace_id, :account_id) r
    WHERE r.item_id = p.item_id AND r.active_build_id = p.build_id
    OFFSET 0 -- asked for each of a few passages; as a join all that may be read is gone through for each
) AS r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = p.item_id
LEFT JOIN message m ON m.workspace_id = :workspace_id AND m.id = p.message_id AND m.deleted_at IS NULL
LEFT JOIN build b ON b.workspace_id = :workspace_id AND b.id = p.build_id
LEFT JOIN file_version v ON v.workspace_id = :workspace_id AND v.id = b.version_id
LEFT JOIN account a ON a.id = p.author_id
WHERE p.workspace_id = :workspace_id
    AND p.id = ANY (:ids::uuid[] || :unquoted::uuid[])
    AND (p.message_id IS NULL OR m.id IS NOT NULL);

-- name: count_coverage
-- What the Scope may see, the filters leave, and search cannot (fully) answer from: files by :facts, what is known of one that was not
-- read; messages that wait for their vectors by their passages, unless only words are asked for. Those are counted up to :most, and
-- without what the caller is asking about.
WITH unread AS MATERIALIZED (
    SELECT f.state
    FROM file f
    JOIN item i ON i.workspace_id = :workspace_id AND i.id = f.id
    CROSS JOIN LATERAL (
        SELECT FROM readable(:workspace_id, :account_id) r
        WHERE r.item_id = f.id
        OFFSET 0 -- asked for each: few files are not ready
    ) AS r
    WHERE f.workspace_id = :workspace_id
        AND f.state <> 'ready'
        AND (:facts::narrowing_option[] IS NULL OR EXISTS (
            SELECT FROM unnest(:facts::narrowing_option[]) AS fact
            WHERE (fact.items IS NULL OR f.id = ANY (fact.items))
                AND (fact.not_items IS NULL OR f.id <> ALL (fact.not_items))
                AND (fact.authors IS NULL OR i.owner_id = ANY (fact.authors))
                AND (fact.not_authors IS NULL OR i.owner_id <> ALL (fact.not_authors))
                AND (fact.after IS NULL OR i.created_at >= fact.after)
                AND (fact.before IS NULL OR i.created_at < fact.before)
                AND (fact.times IS NULL OR i.created_at <@ fact.times)))
), waiting AS MATERIALIZED (
    SELECT m.id
    FROM (
        SELECT j.subject_id
        FROM job j
        WHERE j.workspace_id = :workspace_id
            AND j.kind = 'embed_message'
            AND j.state IN ('queued', 'retry_wait', 'leased')
            AND NOT :by_words_alone::boolean
        LIMIT :most::int
    ) AS j
    JOIN message m ON m.workspace_id = :workspace_id AND m.id = j.subject_id AND m.deleted_at IS NULL
    CROSS JOIN LATERAL (
        SELECT FROM readable(:workspace_id, :account_id) r
        WHERE r.item_id = m.conversation_id
        OFFSET 0
    ) AS r
    WHERE m.id <> ALL (:asking::uuid[])
        AND EXISTS (
            SELECT FROM passage p
            WHERE p.workspace_id = :workspace_id
                AND p.message_id = m.id
                AND (:within::narrowing IS NOT DISTINCT FROM NULL OR admits(p, :within::narrowing)))
)
SELECT
    (count(*) FILTER (WHERE unread.state IN ('queued', 'processing')) + (SELECT count(*) FROM waiting))::int AS pending,
    count(*) FILTER (WHERE unread.state = 'no_text')::int AS no_text,
    count(*) FILTER (WHERE unread.state IN ('failed', 'partial'))::int AS failed
FROM unread;
