-- Where a message stands: below its parent, or for a first one in its conversation. A column, because row-level security lets an index
-- be asked only for what cannot leak, and an expression might: each page read all messages of the workspace for its versions.
ALTER TABLE message ADD COLUMN place_id uuid GENERATED ALWAYS AS (coalesce(parent_id, conversation_id)) STORED;
DROP INDEX message_siblings_idx;
CREATE INDEX message_siblings_idx ON message (workspace_id, place_id, role, seq);

DROP FUNCTION siblings_of(message);
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
