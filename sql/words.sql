-- Words that may be told: of the workspace's vocabulary, those that stand in a passage which the caller may read.

-- name: find_holders
-- Readable passages for each lexeme that has one among :tried, in the order asked.
SELECT asked.lexeme, found.passage_id
FROM unnest(:lexemes::text[]) WITH ORDINALITY AS asked (lexeme, place)
CROSS JOIN LATERAL readable_holders(:workspace_id, :account_id, asked.lexeme, :tried::int, :most::int) AS found
ORDER BY asked.place;

-- name: read_words
-- The words as their passages hold them: `beside` are the lexemes at the same places, of which a word may be the stem, and
-- `is_alone` says that it stands at one without another.
SELECT asked.lexeme, p.lang, places.beside,
    EXISTS (SELECT FROM unnest(places.positions) AS place WHERE place <> ALL (places.taken)) AS is_alone
FROM unnest(:lexemes::text[], :passages::uuid[]) WITH ORDINALITY AS asked (lexeme, passage_id, place)
JOIN passage p ON p.workspace_id = :workspace_id AND p.id = asked.passage_id
CROSS JOIN LATERAL (
    SELECT FROM readable(:workspace_id, :account_id) r
    WHERE r.item_id = p.item_id AND r.active_build_id = p.build_id
    OFFSET 0 -- asked for each of a few passages, as in hydrate of search.sql
) AS r
CROSS JOIN LATERAL (
    SELECT own.positions,
        ARRAY(SELECT o.lexeme FROM unnest(p.tsv) AS o
            WHERE o.positions && own.positions AND o.lexeme <> own.lexeme ORDER BY o.lexeme) AS beside,
        ARRAY(SELECT unnest(o.positions) FROM unnest(p.tsv) AS o
            WHERE o.positions && own.positions AND o.lexeme <> own.lexeme) AS taken
    FROM unnest(p.tsv) AS own
    WHERE own.lexeme = asked.lexeme
) AS places
ORDER BY asked.place;
