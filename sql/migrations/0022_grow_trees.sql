-- Conversations as trees: how a stretch of one reads, which of them a person looks at, and where a copy came from.

-- A branch is a stretch that reads as one, in the order of seq; it is called by its first message. A message goes on with its
-- parent's branch unless another one of its kind is there already. The way from a branch to the root is then one range of seq
-- for each branch that it passes, however long the conversation is.
ALTER TABLE message
    ADD COLUMN branch_id uuid,
    ADD COLUMN written_by text NOT NULL DEFAULT '', -- of an imported message: what its author is called where it comes from
    -- Where it stands: below its parent, or for a first one in its conversation. A column, because row-level security lets an index be
    -- asked only for what cannot leak, and an expression might: each page read all messages of the workspace for its versions.
    ADD COLUMN place_id uuid GENERATED ALWAYS AS (coalesce(parent_id, conversation_id)) STORED;
CREATE INDEX message_siblings_idx ON message (workspace_id, place_id, role, seq);

DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN
        ALTER TABLE message NO FORCE ROW LEVEL SECURITY; -- for the rows that are there
    END IF;
END
$$;
CREATE TEMPORARY TABLE going_on ON COMMIT DROP AS
SELECT DISTINCT ON (workspace_id, parent_id) workspace_id, parent_id, id
FROM message
WHERE parent_id IS NOT NULL
ORDER BY workspace_id, parent_id, seq;
CREATE INDEX going_on_parent ON going_on (workspace_id, parent_id);
CREATE INDEX going_on_id ON going_on (workspace_id, id);
ANALYZE going_on;
WITH RECURSIVE chain AS (
    SELECT m.workspace_id, m.id, m.id AS branch_id
    FROM message m
    WHERE NOT EXISTS (SELECT FROM going_on g WHERE g.workspace_id = m.workspace_id AND g.id = m.id)
    UNION ALL
    SELECT g.workspace_id, g.id, chain.branch_id
    FROM chain
    JOIN going_on g ON g.workspace_id = chain.workspace_id AND g.parent_id = chain.id
)
UPDATE message m
SET branch_id = chain.branch_id
FROM chain
WHERE m.workspace_id = chain.workspace_id AND m.id = chain.id;
DO $$
BEGIN
    IF EXISTS (SELECT FROM schema_migration WHERE number = 2) THEN
        ALTER TABLE message FORCE ROW LEVEL SECURITY;
    END IF;
END
$$;
ALTER TABLE message ALTER COLUMN branch_id SET NOT NULL;
CREATE INDEX message_workspace_id_branch_id_idx ON message (workspace_id, branch_id, seq);

-- A message that was deleted stays, without its words, where another answers to it.
CREATE FUNCTION is_answered(m message) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM message child WHERE child.workspace_id = m.workspace_id AND child.parent_id = m.id)
$$;

-- Whoever writes a message, its branch is right. A reply does not compete with what people went on to say meanwhile.
CREATE FUNCTION take_branch() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    SELECT p.branch_id INTO NEW.branch_id
    FROM message p
    WHERE p.workspace_id = NEW.workspace_id
        AND p.id = NEW.parent_id
        AND NOT EXISTS (SELECT FROM message s
            WHERE s.workspace_id = NEW.workspace_id AND s.parent_id = NEW.parent_id
                AND (NEW.role = 'user' OR s.role = 'assistant') AND (s.deleted_at IS NULL OR is_answered(s)));
    NEW.branch_id := coalesce(NEW.branch_id, NEW.id);
    RETURN NEW;
END
$$;
CREATE TRIGGER take_branch BEFORE INSERT ON message FOR EACH ROW
    WHEN (NEW.branch_id IS NULL) EXECUTE FUNCTION take_branch();

-- What is read on the way to a branch: of each branch the messages up to a seq, the last branch first.
CREATE FUNCTION path_to(ws uuid, branch uuid) RETURNS TABLE (branch_id uuid, last_seq bigint)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE path AS (
        SELECT branch AS branch_id, 9223372036854775807 AS last_seq
        UNION ALL
        SELECT p.branch_id, p.seq
        FROM path
        JOIN message head ON head.workspace_id = ws AND head.id = path.branch_id
        JOIN message p ON p.workspace_id = ws AND p.id = head.parent_id
    )
    SELECT path.branch_id, path.last_seq FROM path
$$;

-- The other versions of a message: in the same place, by the same role. Counted to 100.
CREATE FUNCTION siblings_of(ws uuid, place uuid, said_by text, at bigint)
RETURNS TABLE (siblings int, sibling_index int, previous_id uuid, next_id uuid)
LANGUAGE sql STABLE AS $$
    SELECT
        count(*)::int,
        (count(*) FILTER (WHERE s.seq <= at))::int,
        (SELECT b.id FROM message b
            WHERE b.workspace_id = ws AND b.place_id = place AND b.role = said_by AND b.seq < at
                AND (b.deleted_at IS NULL OR is_answered(b))
            ORDER BY b.seq DESC LIMIT 1),
        (SELECT a.id FROM message a
            WHERE a.workspace_id = ws AND a.place_id = place AND a.role = said_by AND a.seq > at
                AND (a.deleted_at IS NULL OR is_answered(a))
            ORDER BY a.seq LIMIT 1)
    FROM (
        SELECT s.seq
        FROM message s
        WHERE s.workspace_id = ws AND s.place_id = place AND s.role = said_by AND (s.deleted_at IS NULL OR is_answered(s))
        ORDER BY s.seq
        LIMIT 100
    ) s
$$;

-- Who gave a conversation its name: a person's is never replaced, the first words are, by a model. A name that is there already
-- may be a person's.
ALTER TABLE conversation
    ADD COLUMN named_by text NOT NULL DEFAULT 'person' CHECK (named_by IN ('nobody', 'words', 'model', 'person')),
    ADD COLUMN forked_from_id uuid, -- the conversation that this one is a copy of, which may be gone
    ADD COLUMN forked_at_id uuid, -- and the message at which it leaves it
    ADD COLUMN imported_at timestamptz;
