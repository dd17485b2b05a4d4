-- The write side of search: passages, vectors and statistics. Every statement runs inside the caller's transaction, in the
-- transaction that changes the content, so that search sees both or neither.

-- name: raise_index_seq
-- Counts the transaction, and with it what the passages weigh. The workspace's row stays locked until the commit, so
-- index_seq follows the order of commits and writers of one workspace never wait for each other in a circle.
-- Where a search is saved, what became findable is noted for it: an item, or some of its passages.
WITH news AS (
    INSERT INTO search_news (workspace_id, id, item_id, passage_ids)
    SELECT :workspace_id, :news_id::uuid, :news_item_id::uuid, :news_passage_ids::uuid[]
    WHERE :news_item_id::uuid IS NOT NULL
        AND EXISTS (SELECT FROM saved_search s WHERE s.workspace_id = :workspace_id AND s.is_alerting)
), counted AS (
    INSERT INTO corpus_stat (workspace_id, passage_count, lexeme_total)
    SELECT :workspace_id, greatest(:passages::bigint, 0), greatest(:lexemes::bigint, 0)
    WHERE :passages::bigint <> 0 OR :lexemes::bigint <> 0
    ON CONFLICT (workspace_id) DO UPDATE
    SET passage_count = greatest(corpus_stat.passage_count + :passages::bigint, 0),
        lexeme_total = greatest(corpus_stat.lexeme_total + :lexemes::bigint, 0)
)
UPDATE workspace
SET index_seq = index_seq + 1
WHERE id = :workspace_id
RETURNING index_seq;

-- name: note_shown_items
-- unscoped: items that the caller has just made visible
-- News of many items at once, for searches that are saved.
INSERT INTO search_news (workspace_id, id, item_id)
SELECT :workspace_id, news.id, news.item_id
FROM unnest(:news_ids::uuid[], :item_ids::uuid[]) AS news (id, item_id)
WHERE EXISTS (SELECT FROM saved_search s WHERE s.workspace_id = :workspace_id AND s.is_alerting);

-- name: add_passage
-- unscoped: rows of content that the caller has just written
INSERT INTO passage (workspace_id, id, item_id, build_id, message_id, ordinal, span_start, span_end, page_first, page_last,
    headings, lang, author_id, created_at, text_hash, lexeme_count, tsv, traits)
VALUES (:workspace_id, :id, :item_id, :build_id, :message_id, :ordinal, :span_start, :span_end, :page_first, :page_last,
    :headings::text[], :lang, :author_id, :created_at, :text_hash, :lexeme_count, :tsv::text::tsvector,
    :traits::text[])
ON CONFLICT DO NOTHING;

-- name: copy_passages
-- unscoped: rows of a file of equal bytes in the same workspace, which the worker has found
-- Some passages of another build with their vectors, under new ids; the owner, the time and the history are the file's own.
WITH twin AS (
    SELECT p.id, p.ordinal, p.span_start, p.span_end, p.page_first, p.page_last, p.headings, p.lang, p.text_hash, p.lexeme_count,
        p.tsv, p.traits, row_number() OVER (ORDER BY p.ordinal) AS n
    FROM passage p
    WHERE p.workspace_id = :workspace_id AND p.item_id = :twin_file_id AND p.build_id = :twin_build_id
        AND p.ordinal >= :first::int AND p.ordinal < :first::int + cardinality(:ids::uuid[])
), named AS (
    SELECT fresh.id, twin.id AS twin_id, twin.ordinal
    FROM twin
    JOIN unnest(:ids::uuid[]) WITH ORDINALITY AS fresh (id, n) ON fresh.n = twin.n
), copied AS (
    INSERT INTO passage (workspace_id, id, item_id, build_id, message_id, ordinal, span_start, span_end, page_first, page_last,
        headings, lang, author_id, created_at, text_hash, lexeme_count, tsv, traits)
    SELECT :workspace_id, named.id, :file_id, :build_id, NULL, twin.ordinal, twin.span_start, twin.span_end, twin.page_first,
        twin.page_last, twin.headings, twin.lang, i.owner_id, i.created_at, twin.text_hash, twin.lexeme_count, twin.tsv,
        ARRAY(SELECT trait FROM unnest(array_remove(twin.traits, 'edited') || CASE WHEN f.version > 1 THEN '{edited}'::text[] END)
            AS trait ORDER BY trait)
    FROM twin
    JOIN named ON named.twin_id = twin.id
    JOIN item i ON i.workspace_id = :workspace_id AND i.id = :file_id
    JOIN file f ON f.workspace_id = :workspace_id AND f.id = :file_id
    RETURNING id, lexeme_count
), vectors AS (
    INSERT INTO embedding (workspace_id, passage_id, generation_id, vector)
    SELECT :workspace_id, named.id, e.generation_id, e.vector
    FROM named
    JOIN embedding e ON e.workspace_id = :workspace_id AND e.generation_id = :generation_id AND e.passage_id = named.twin_id
)
SELECT count(*)::int AS passages, coalesce(sum(lexeme_count), 0)::int AS lexemes FROM copied;

-- name: remove_message_passages
-- unscoped: the caller has found the message writable
-- Tells on the way what its new passages have beside its words (search/traits.py).
WITH gone AS (
    DELETE FROM passage
    WHERE workspace_id = :workspace_id AND message_id = :message_id
    RETURNING lexeme_count
)
SELECT
    count(*)::int AS passages,
    coalesce(sum(lexeme_count), 0)::int AS lexemes,
    array_remove(ARRAY[
        (SELECT 'edited' FROM message m
            WHERE m.workspace_id = :workspace_id AND m.id = :message_id AND m.edited_at IS NOT NULL),
        (SELECT 'file' FROM message_attachment t
            WHERE t.workspace_id = :workspace_id AND t.message_id = :message_id
            LIMIT 1),
        (SELECT 'image' FROM message_attachment t
            JOIN item i ON i.workspace_id = :workspace_id AND i.id = t.file_id
            WHERE t.workspace_id = :workspace_id AND t.message_id = :message_id AND i.extension = ANY (:images::text[])
            LIMIT 1),
        (SELECT 'pinned' FROM message_pin n
            WHERE n.workspace_id = :workspace_id AND n.message_id = :message_id)], NULL) AS traits
FROM gone;

-- name: remove_build_passages
-- unscoped: the worker clears what its job names
WITH gone AS (
    DELETE FROM passage
    WHERE workspace_id = :workspace_id AND item_id = :file_id AND build_id = :build_id
    RETURNING lexeme_count
)
SELECT count(*)::int AS passages, coalesce(sum(lexeme_count), 0)::int AS lexemes
FROM gone;

-- name: find_indexed_file
-- unscoped: the worker reads what its job names
SELECT i.owner_id, i.created_at, i.extension, f.version
FROM item i
JOIN file f ON f.workspace_id = i.workspace_id AND f.id = i.id
WHERE i.workspace_id = :workspace_id AND i.id = :file_id;

-- name: add_vector
-- unscoped: vectors of passages that the caller has just read; nothing is kept for a passage that is gone
INSERT INTO embedding (workspace_id, passage_id, generation_id, vector)
SELECT :workspace_id, p.id, :generation_id, :vector::halfvec
FROM passage p
WHERE p.workspace_id = :workspace_id AND p.id = :passage_id
ON CONFLICT DO NOTHING;

-- name: list_stale_statistics
-- Workspaces that grew, shrank or were rewritten by a tenth since all their lexemes were counted.
SELECT workspace_id AS id
FROM corpus_stat
WHERE counted_until IS NULL OR greatest(abs(passage_count - refreshed_count), counted_since) * 10 > refreshed_count
ORDER BY workspace_id;

-- name: list_grown_statistics
-- Workspaces whose passages changed since lexemes were counted.
SELECT workspace_id AS id
FROM corpus_stat
WHERE counted_until IS NOT NULL AND lexeme_total <> counted_total
ORDER BY workspace_id;

-- name: count_new_lexemes
-- unscoped: counts of one workspace
-- Adds what the passages hold that were written since. What was deleted stays counted until all are counted.
INSERT INTO lexeme_stat (workspace_id, lexeme, ndoc)
SELECT c.workspace_id, counted.word, counted.ndoc
FROM corpus_stat c
CROSS JOIN LATERAL ts_stat(format('SELECT tsv FROM passage WHERE workspace_id = %L AND id > %L AND id <= %L',
    c.workspace_id, c.counted_until, :until::uuid)) AS counted
WHERE c.workspace_id = :workspace_id
ORDER BY counted.word
ON CONFLICT (workspace_id, lexeme) DO UPDATE
SET ndoc = lexeme_stat.ndoc + excluded.ndoc;

-- name: note_counted
-- unscoped: counts of one workspace
-- Who writes a passage changes this row too: last, so that he waits for the commit only.
UPDATE corpus_stat c
SET counted_until = greatest(c.counted_until, :until::uuid),
    counted_since = c.counted_since + (
        SELECT count(*) FROM passage p
        WHERE p.workspace_id = :workspace_id AND p.id > c.counted_until AND p.id <= :until::uuid),
    counted_total = CASE WHEN EXISTS (
        SELECT FROM passage p
        WHERE p.workspace_id = :workspace_id AND p.id > greatest(c.counted_until, :until::uuid))
        THEN c.counted_total ELSE c.lexeme_total END
WHERE c.workspace_id = :workspace_id;

-- name: count_corpus
-- unscoped: totals of one workspace
INSERT INTO corpus_stat (workspace_id, passage_count, lexeme_total, refreshed_count, detected_count, english_count,
    counted_until, counted_since, counted_total)
SELECT :workspace_id, count(*), coalesce(sum(p.lexeme_count), 0), count(*),
    count(*) FILTER (WHERE p.lang <> ''), count(*) FILTER (WHERE p.lang = 'en'),
    :until::uuid, 0, coalesce(sum(p.lexeme_count), 0)
FROM passage p
WHERE p.workspace_id = :workspace_id
ON CONFLICT (workspace_id) DO UPDATE
SET passage_count = excluded.passage_count,
    lexeme_total = excluded.lexeme_total,
    refreshed_count = excluded.refreshed_count,
    detected_count = excluded.detected_count,
    english_count = excluded.english_count,
    counted_until = excluded.counted_until,
    counted_since = 0,
    counted_total = excluded.counted_total,
    refreshed_at = now();

-- name: count_lexemes
-- unscoped: counts of one workspace
-- ts_stat() takes a query as text; format() quotes the id. Words that no passage holds any more go.
WITH counted AS MATERIALIZED (
    SELECT word, ndoc
    FROM ts_stat(format('SELECT tsv FROM passage WHERE workspace_id = %L', :workspace_id::uuid))
), gone AS (
    DELETE FROM lexeme_stat
    WHERE workspace_id = :workspace_id AND NOT EXISTS (SELECT FROM counted WHERE counted.word = lexeme_stat.lexeme)
)
INSERT INTO lexeme_stat (workspace_id, lexeme, ndoc)
SELECT :workspace_id, word, ndoc
FROM counted
ON CONFLICT (workspace_id, lexeme) DO UPDATE
SET ndoc = excluded.ndoc
WHERE lexeme_stat.ndoc <> excluded.ndoc;

-- name: sample_vectors
-- unscoped: vectors for the statistics of one workspace; only means and a deviation are kept
-- Passages in the order of a hash: a random sample, and the same one each time.
SELECT p.lang, e.vector
FROM embedding e
JOIN passage p ON p.workspace_id = :workspace_id AND p.id = e.passage_id
WHERE e.workspace_id = :workspace_id AND e.generation_id = :generation_id
ORDER BY hashtext(e.passage_id::text), e.passage_id
LIMIT :at_most::int;

-- name: list_measured_generations
SELECT id
FROM generation
WHERE workspace_id = :workspace_id AND state IN ('active', 'ready');

-- name: set_sigma
UPDATE generation
SET sigma = :sigma
WHERE workspace_id = :workspace_id AND id = :generation_id;

-- name: set_language_mean
INSERT INTO language_mean (workspace_id, generation_id, lang, passage_count, mean)
VALUES (:workspace_id, :generation_id, :lang, :passage_count, :mean)
ON CONFLICT (workspace_id, generation_id, lang) DO UPDATE
SET passage_count = excluded.passage_count,
    mean = excluded.mean;
