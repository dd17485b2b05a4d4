-- Corrections of misspelt words: the vocabulary by its trigrams, and the one way to show that a word may be told.

-- Only what can be a correction (sql/corrections.sql asks by the same pattern): a third of the lexemes of chat and code. A range,
-- since a class of letters means ASCII in the column's collation.
-- Never by ndoc, which every count changes: in pages with room such a row is rewritten without a word to any index.
-- Counting 313,408 lexemes anew takes 1.3 s of CPU so, and 4.7 s in full pages; the first count takes 3.1 s, and 10.4 s
-- without a list of pending entries, which a question has to read through: 1 ms at this limit.
ALTER TABLE lexeme_stat SET (fillfactor = 70);
CREATE INDEX lexeme_stat_workspace_id_lexeme_idx ON lexeme_stat USING gin (workspace_id, lexeme gin_trgm_ops)
    WITH (gin_pending_list_limit = 1024)
    WHERE lexeme ~ '^[a-z\u0080-\uffff]{4,32}$';

-- Up to `most` passages that the caller may read and that hold the lexeme, among as many of its passages as `tried` says: they
-- may all be of others, and then the word is nobody's to tell. The planner inlines it, as it does readable().
CREATE FUNCTION readable_holders(ws uuid, uid uuid, lexeme text, tried int, most int)
RETURNS TABLE (passage_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT c.id
    FROM (
        SELECT p.id, p.item_id, p.build_id
        FROM passage p
        WHERE p.workspace_id = ws
            AND p.tsv @@ ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery
        LIMIT tried
    ) AS c
    JOIN readable(ws, uid) r ON r.item_id = c.item_id AND r.active_build_id = c.build_id
    LIMIT most
$$;
