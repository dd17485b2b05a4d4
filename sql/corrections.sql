-- What a misspelt word may have meant. Asked as recollect_search; what is told is read again through sql/words.sql.

-- name: find_neighbours
-- The lexemes of the workspace that look like a word which nothing readable holds, neither a passage nor a title: beside the
-- messages that ask, and their conversations, whose titles repeat the question. Two letters swapped cost a short word most
-- of its trigrams, so those are looked up as such. IS TRUE: as in find_words of search.sql. With :held words that something holds
-- are looked at, too.
WITH unheld AS MATERIALIZED (
    SELECT asked.word
    FROM unnest(:words::text[], :tsqueries::text[], :patterns::text[]) AS asked (word, tsquery, pattern)
    WHERE :held::boolean OR NOT EXISTS (
            SELECT FROM passage p
            WHERE p.workspace_id = :workspace_id AND p.tsv @@ asked.tsquery::tsquery
                AND (p.build_id IN (SELECT r.active_build_id FROM readable(:workspace_id, :account_id) r)) IS TRUE
                AND (p.message_id IS NULL OR p.message_id <> ALL (:asking::uuid[])))
        AND NOT EXISTS (
            SELECT FROM item i
            WHERE i.workspace_id = :workspace_id AND i.folded LIKE asked.pattern
                AND (i.id IN (SELECT r.item_id FROM readable(:workspace_id, :account_id) r)) IS TRUE
                AND NOT EXISTS (
                    SELECT FROM passage p
                    WHERE p.workspace_id = :workspace_id AND p.item_id = i.id AND p.message_id = ANY (:asking::uuid[])))
)
SELECT unheld.word, near.lexeme, near.ndoc
FROM unheld
CROSS JOIN LATERAL (
    (SELECT s.lexeme, s.ndoc
    FROM lexeme_stat s
    WHERE s.workspace_id = :workspace_id
        AND s.lexeme ~ '^[a-z\u0080-\uffff]{4,32}$'
        AND s.lexeme % unheld.word
        AND length(s.lexeme) BETWEEN length(unheld.word) - :reach::int AND length(unheld.word) + :reach::int
    ORDER BY similarity(s.lexeme, unheld.word) DESC, s.ndoc DESC, s.lexeme
    LIMIT :most::int)
    UNION
    (SELECT s.lexeme, s.ndoc
    FROM generate_series(1, length(unheld.word) - 1) AS place
    JOIN lexeme_stat s ON s.workspace_id = :workspace_id
        AND s.lexeme = overlay(unheld.word PLACING reverse(substr(unheld.word, place, 2)) FROM place FOR 2))
) AS near;
