-- Corrections of misspelt words: the vocabulary by its trigrams, and the one way to show that a word may be told.

-- Only what can be a correction (sql/corrections.sql asks by the same pattern): a third of the lexemes of chat and code. A range,
-- since a class of letters means ASCII in the column's collation.
-- Never by ndoc, which changes at every count: rows are updated in place as long as no index knows it.
-- fastupdate = off: a question must not read through a list of pending entries.
CREATE INDEX lexeme_stat_workspace_id_lexeme_idx ON lexeme_stat USING gin (workspace_id, lexeme gin_trgm_ops)
    WITH (fastupdate = off)
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
