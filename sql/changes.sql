-- The log of what has changed in conversations (0021_note_changes.sql).

-- name: note_change
-- unscoped: the caller has found in this transaction that the conversation is the actor's to change
-- The lock of the conversation's row makes seq follow the order of commits, without gaps.
WITH raised AS (
    UPDATE conversation
    SET change_seq = change_seq + 1
    WHERE workspace_id = :workspace_id
        AND id = :conversation_id
    RETURNING change_seq
)
INSERT INTO change (workspace_id, conversation_id, seq, kind, subject_id, actor_id, data)
SELECT
    :workspace_id,
    :conversation_id,
    raised.change_seq,
    :kind,
    :subject_id,
    :actor_id,
    :data::text::jsonb
FROM raised
RETURNING seq;

-- name: note_departure
-- unscoped: the caller may remove the person from the workspace
-- In every conversation that the person was let into or has a marker in, one after the other in the order of their ids.
WITH known AS (
    SELECT g.item_id AS id FROM access_grant g
    WHERE g.workspace_id = :workspace_id AND g.principal_id = :subject_id
    UNION
    SELECT p.conversation_id FROM conversation_person p
    WHERE p.workspace_id = :workspace_id AND p.account_id = :subject_id
), held AS (
    SELECT c.id
    FROM conversation c
    JOIN known ON known.id = c.id
    WHERE c.workspace_id = :workspace_id
    ORDER BY c.id
    FOR UPDATE OF c
), raised AS (
    UPDATE conversation c
    SET change_seq = c.change_seq + 1
    FROM held
    WHERE c.workspace_id = :workspace_id
        AND c.id = held.id
    RETURNING c.id, c.change_seq
)
INSERT INTO change (workspace_id, conversation_id, seq, kind, subject_id, actor_id)
SELECT :workspace_id, raised.id, raised.change_seq, 'member.changed', :subject_id, :actor_id
FROM raised
RETURNING conversation_id;

-- name: note_attachment
-- unscoped: the caller may change the file; what a message shows of it is asked when it is told
-- Of each message that the file is attached to, in one conversation after the other, in the order of their ids.
WITH attached AS (
    SELECT m.conversation_id, m.id, row_number() OVER (PARTITION BY m.conversation_id ORDER BY m.seq) AS n
    FROM message_attachment t
    JOIN message m ON m.workspace_id = t.workspace_id AND m.id = t.message_id AND m.deleted_at IS NULL
    WHERE t.workspace_id = :workspace_id
        AND t.file_id = :file_id
), held AS (
    SELECT c.id
    FROM conversation c
    WHERE c.workspace_id = :workspace_id
        AND c.id IN (SELECT conversation_id FROM attached)
    ORDER BY c.id
    FOR UPDATE
), raised AS (
    UPDATE conversation c
    SET change_seq = c.change_seq + (SELECT count(*) FROM attached a WHERE a.conversation_id = held.id)
    FROM held
    WHERE c.workspace_id = :workspace_id
        AND c.id = held.id
    RETURNING c.id, c.change_seq
), noted AS (
    INSERT INTO change (workspace_id, conversation_id, seq, kind, subject_id, actor_id)
    SELECT :workspace_id, a.conversation_id,
        raised.change_seq - (SELECT count(*) FROM attached o WHERE o.conversation_id = raised.id) + a.n,
        'message.edited', a.id, :actor_id
    FROM attached a
    JOIN raised ON raised.id = a.conversation_id
    RETURNING conversation_id
)
SELECT DISTINCT conversation_id
FROM noted;

-- name: list_watched
-- Those of the conversations that the account may read now, and how far their changes have got.
SELECT
    c.id,
    c.change_seq
FROM readable(:workspace_id, :account_id) r
JOIN conversation c ON c.workspace_id = :workspace_id AND c.id = r.item_id
WHERE r.item_id = ANY(:conversation_ids::uuid[]);

-- name: list_changes
-- unscoped: read once for all who watch; list_audience says in the same transaction who of them may see it
-- What follows a seq, in order; one row without a change where nothing does.
SELECT
    c.change_seq,
    h.seq,
    h.kind,
    h.subject_id,
    h.actor_id,
    h.data::text AS data,
    h.at
FROM conversation c
LEFT JOIN change h ON h.workspace_id = c.workspace_id AND h.conversation_id = c.id AND h.seq > :after
WHERE c.workspace_id = :workspace_id
    AND c.id = :conversation_id
ORDER BY h.seq
LIMIT :limit;

-- name: list_audience
-- Which of these people may read the conversation now, and which of these files each of them may.
SELECT
    p.account_id,
    r.can_write,
    ARRAY(SELECT f.item_id FROM readable(:workspace_id, p.account_id) f
        WHERE f.item_id = ANY(:file_ids::uuid[])) AS file_ids
FROM unnest(:account_ids::uuid[]) AS p (account_id)
CROSS JOIN LATERAL readable(:workspace_id, p.account_id) r
WHERE r.item_id = :conversation_id;

-- name: list_changed_attachments
-- unscoped: shown to each watcher as list_audience says
SELECT
    t.message_id,
    t.file_id
FROM message_attachment t
JOIN message m ON m.workspace_id = t.workspace_id AND m.id = t.message_id AND m.deleted_at IS NULL
WHERE t.workspace_id = :workspace_id
    AND t.message_id = ANY(:message_ids::uuid[])
ORDER BY t.message_id, t.file_id;

-- name: find_title
SELECT
    i.title,
    i.owner_id,
    i.updated_at
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
WHERE r.item_id = :conversation_id;

-- name: list_changed_members
-- What these people, or the workspace, may do in the conversation now; no row for who is out.
SELECT
    g.principal_id,
    g.role
FROM readable(:workspace_id, :account_id) r
JOIN access_grant g ON g.workspace_id = :workspace_id AND g.item_id = r.item_id
WHERE r.item_id = :conversation_id
    AND g.principal_id = ANY(:principal_ids::uuid[]);

-- name: list_changed_runs
SELECT
    n.id,
    n.state,
    n.model,
    n.prompt_message_id,
    n.reply_message_id
FROM readable(:workspace_id, :account_id) r
JOIN run n ON n.workspace_id = :workspace_id AND n.conversation_id = r.item_id
WHERE r.item_id = :conversation_id
    AND n.id = ANY(:run_ids::uuid[]);

-- name: list_changed_marks
-- How far these people have read.
SELECT
    p.account_id,
    p.read_seq
FROM readable(:workspace_id, :account_id) r
JOIN conversation_person p ON p.workspace_id = :workspace_id AND p.conversation_id = r.item_id
WHERE r.item_id = :conversation_id
    AND p.account_id = ANY(:people::uuid[])
    AND p.read_at IS NOT NULL;

-- name: list_changed_reactions
-- How people react to these messages, in the order in which they did.
SELECT
    x.message_id,
    x.emoji,
    array_agg(x.account_id ORDER BY x.created_at, x.account_id) AS account_ids
FROM readable(:workspace_id, :account_id) r
JOIN message m ON m.workspace_id = :workspace_id AND m.conversation_id = r.item_id
JOIN message_reaction x ON x.workspace_id = :workspace_id AND x.message_id = m.id
WHERE r.item_id = :conversation_id
    AND m.id = ANY(:message_ids::uuid[])
GROUP BY x.message_id, x.emoji
ORDER BY min(x.created_at), x.emoji;

-- name: list_changed_pins
SELECT
    p.message_id
FROM readable(:workspace_id, :account_id) r
JOIN message_pin p ON p.workspace_id = :workspace_id AND p.conversation_id = r.item_id
WHERE r.item_id = :conversation_id
    AND p.message_id = ANY(:message_ids::uuid[]);

-- name: list_positions
-- unscoped: how far the conversations of all workspaces have got, no content
SELECT
    c.id,
    c.change_seq
FROM conversation c
WHERE c.workspace_id = ANY(:workspace_ids::uuid[])
    AND c.id = ANY(:conversation_ids::uuid[]);

-- name: remove_old_changes
-- unscoped: the worker, of all workspaces
-- Some at a time; whoever is further behind than this is told to read the conversation again.
DELETE FROM change
WHERE (workspace_id, conversation_id, seq) IN (
    SELECT workspace_id, conversation_id, seq
    FROM change
    WHERE at < now() - make_interval(days => :days)
    ORDER BY at
    LIMIT 10000);
