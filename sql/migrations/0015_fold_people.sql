-- What names and addresses are completed by, folded once: for each member of a workspace at every key it cost more than the rest.
ALTER TABLE account ADD COLUMN folded text GENERATED ALWAYS AS (folded_title(name) || folded_title(email)) STORED;

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN -- the working roles are there
        GRANT SELECT (folded) ON account TO recollect_app;
    END IF;
END
$$;
