-- Which passages a model wrote. A reply looks for its sources elsewhere, and says so to each leg of its search: answers that repeat a
-- question's words would take all places of a list before what they were made of. NULL as author says less: it is an imported person's, too.

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN
        ALTER TABLE message NO FORCE ROW LEVEL SECURITY; -- for the rows that are there
        ALTER TABLE passage NO FORCE ROW LEVEL SECURITY;
    END IF;
END
$$;

UPDATE passage p
SET traits = array_prepend('answer', p.traits) -- sorted: no other comes before it
FROM message m
WHERE m.workspace_id = p.workspace_id AND m.id = p.message_id AND m.role = 'assistant' AND NOT p.traits @> '{answer}';

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN
        ALTER TABLE message FORCE ROW LEVEL SECURITY;
        ALTER TABLE passage FORCE ROW LEVEL SECURITY;
    END IF;
END
$$;
