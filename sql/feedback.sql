-- Clicks and thumbs: recorded by the application role, whose policy shows each person only their own rows.

-- name: find_judged
-- The message or file that one of these ids names, if the caller may read it: what is judged, and the item it belongs to.
SELECT coalesce(p.message_id, p.item_id) AS target_id, p.item_id
FROM passage p
JOIN readable(:workspace_id, :account_id) r ON r.active_build_id = p.build_id
WHERE p.workspace_id = :workspace_id AND p.id = :passage_id::uuid
UNION ALL
SELECT m.id AS target_id, m.conversation_id AS item_id
FROM message m
JOIN readable(:workspace_id, :account_id) r ON r.item_id = m.conversation_id
WHERE m.workspace_id = :workspace_id AND m.id = :message_id::uuid AND m.deleted_at IS NULL
UNION ALL
SELECT r.item_id AS target_id, r.item_id
FROM readable(:workspace_id, :account_id) r
WHERE r.item_id = :file_id::uuid AND r.kind = 'file'
LIMIT 1;

-- name: record_feedback
-- Writes nothing where the workspace or the person has switched it off. A thumb replaces the one before; a click is counted.
INSERT INTO search_feedback (workspace_id, account_id, query, target_id, item_id, clicks, thumb, rank)
SELECT m.workspace_id, m.account_id, :asked, :target_id, :item_id, :clicks, :thumb::text, :rank::int
FROM membership m
JOIN workspace w ON w.id = m.workspace_id
WHERE m.workspace_id = :workspace_id
    AND m.account_id = :account_id
    AND w.keeps_feedback
    AND m.gives_feedback
ON CONFLICT (workspace_id, account_id, target_id, query) DO UPDATE
SET clicks = least(search_feedback.clicks + EXCLUDED.clicks, 1000),
    thumb = coalesce(EXCLUDED.thumb, search_feedback.thumb),
    rank = coalesce(EXCLUDED.rank, search_feedback.rank),
    given_at = now();

-- name: take_back_feedback
DELETE FROM search_feedback
WHERE workspace_id = :workspace_id
    AND account_id = :account_id
    AND target_id = :target_id
    AND query = :asked;

-- name: forget_feedback
-- Everything that one person said in one workspace.
DELETE FROM search_feedback
WHERE workspace_id = :workspace_id
    AND account_id = :account_id;

-- name: find_switches
SELECT
    w.keeps_feedback,
    m.gives_feedback,
    (SELECT count(*)::int FROM search_feedback f
     WHERE f.workspace_id = m.workspace_id AND f.account_id = m.account_id) AS kept
FROM membership m
JOIN workspace w ON w.id = m.workspace_id
WHERE m.workspace_id = :workspace_id
    AND m.account_id = :account_id;

-- name: switch_workspace
UPDATE workspace
SET keeps_feedback = :on
WHERE id = :workspace_id;

-- name: switch_own
UPDATE membership
SET gives_feedback = :on
WHERE workspace_id = :workspace_id
    AND account_id = :account_id;

-- name: remove_old_feedback
-- What is past its time or beyond a person's newest, and everything of a workspace that has switched it off.
WITH old AS (
    SELECT f.workspace_id, f.account_id, f.target_id, f.query
    FROM search_feedback f
    JOIN workspace w ON w.id = f.workspace_id
    WHERE f.given_at < now() - :days::int * interval '1 day' OR NOT w.keeps_feedback
    UNION
    SELECT workspace_id, account_id, target_id, query
    FROM (
        SELECT workspace_id, account_id, target_id, query,
            row_number() OVER (PARTITION BY workspace_id, account_id ORDER BY given_at DESC, target_id) AS place
        FROM search_feedback
    ) AS numbered
    WHERE place > :most::int
    LIMIT 50000
)
DELETE FROM search_feedback f
USING old
WHERE f.workspace_id = old.workspace_id
    AND f.account_id = old.account_id
    AND f.target_id = old.target_id
    AND f.query = old.query;

-- name: list_judgements
-- What the members of one workspace said, for the operator's evaluation: with the role in which each would search again.
SELECT
    f.account_id,
    m.role,
    f.query,
    f.target_id,
    f.clicks,
    f.thumb
FROM search_feedback f
JOIN membership m ON m.workspace_id = f.workspace_id AND m.account_id = f.account_id
WHERE f.workspace_id = :workspace_id
ORDER BY f.account_id, f.query, f.target_id;
