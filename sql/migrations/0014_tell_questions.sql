-- Whether a person's message ends as a question. What answers a question is rarely another one (search/fuse.py), and the role that
-- reads the index sees none of the words.

ALTER TABLE message ADD COLUMN asks boolean NOT NULL
    GENERATED ALWAYS AS (role = 'user' AND right(content, 40) ~ '[?？؟]\W*$') STORED;

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        GRANT SELECT (asks) ON message TO recollect_search;
    END IF;
END
$$;
