-- Generations: one model's vectors of one workspace, from the first passage to the last row deleted. Every statement but the
-- last three runs in a transaction of the workspace.

-- name: find_live_generation
SELECT id, model
FROM generation
WHERE workspace_id = :workspace_id AND state = 'active';

-- name: create_first_generation
-- A workspace's first generation is active at once.
INSERT INTO generation (workspace_id, id, model, dimension, state)
SELECT :workspace_id, :id, :model, :dimension, 'active'
WHERE NOT EXISTS (SELECT 1 FROM generation g WHERE g.workspace_id = :workspace_id AND g.state = 'active')
ON CONFLICT DO NOTHING;

-- name: revive_generation
-- One that was retired still has its vectors: it is brought up to date instead of made anew.
UPDATE generation
SET state = 'building', is_automatic = :is_automatic, rolled_back_at = NULL, reason = ''
WHERE workspace_id = :workspace_id
    AND id = (SELECT g.id FROM generation g
        WHERE g.workspace_id = :workspace_id AND g.model = :model AND g.state = 'retired'
        ORDER BY g.retired_at DESC
        LIMIT 1)
    AND NOT EXISTS (SELECT 1 FROM generation g
        WHERE g.workspace_id = :workspace_id AND g.model = :model AND g.state NOT IN ('retired', 'dropping'))
RETURNING id;

-- name: create_generation
-- No row: the workspace has one of this model, made or being made.
INSERT INTO generation (workspace_id, id, model, dimension, state, is_automatic)
VALUES (:workspace_id, :id, :model, :dimension, 'building', :is_automatic)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: list_generations
-- unscoped: numbers about the workspace's own index
-- What a job counts is only right while it works; afterwards files and messages come and go.
SELECT
    g.id,
    g.model,
    g.dimension,
    g.state,
    g.is_automatic,
    CASE WHEN g.state = 'building' THEN g.embedded ELSE (
        SELECT count(*) FROM embedding e WHERE e.workspace_id = g.workspace_id AND e.generation_id = g.id) END AS embedded,
    coalesce(c.passage_count, 0) AS passages,
    g.refused,
    g.sigma,
    g.self_recall,
    g.reason,
    g.created_at,
    g.promoted_at,
    g.retired_at,
    g.rolled_back_at
FROM generation g
LEFT JOIN corpus_stat c ON c.workspace_id = g.workspace_id
WHERE g.workspace_id = :workspace_id AND (:id::uuid IS NULL OR g.id = :id)
ORDER BY g.created_at DESC, g.id DESC;

-- name: find_generation
SELECT model, state, is_automatic, refused, scanned_at, now() AS now
FROM generation
WHERE workspace_id = :workspace_id AND id = :id;

-- name: change_generation
-- The moves that only change the state; no row when it is in none of those that the move starts from.
UPDATE generation
SET state = :state, reason = :reason, dropped_at = CASE WHEN :state = 'dropping' THEN now() END
WHERE workspace_id = :workspace_id AND id = :id AND state = ANY (:states::text[])
RETURNING id;

-- name: retire_generation
-- The active one steps aside; with :is_rollback because somebody did not want it.
UPDATE generation
SET state = 'retired', retired_at = now(), is_automatic = false, rolled_back_at = CASE WHEN :is_rollback::boolean THEN now() END
WHERE workspace_id = :workspace_id AND state = 'active'
RETURNING id;

-- name: activate_generation
UPDATE generation
SET state = 'active', promoted_at = now(), retired_at = NULL, rolled_back_at = NULL, reason = ''
WHERE workspace_id = :workspace_id AND id = :id AND state IN ('ready', 'retired')
RETURNING id;

-- name: find_previous_generation
SELECT id, model
FROM generation
WHERE workspace_id = :workspace_id AND state = 'retired'
ORDER BY retired_at DESC, id DESC
LIMIT 1;

-- name: lock_workspace
-- Held to the commit: promotions of a workspace come one after the other, and no writer commits in between.
SELECT id FROM workspace WHERE id = :workspace_id FOR UPDATE;

-- name: count_without_vector
-- unscoped: a number about the workspace's own index
SELECT count(*)::int AS passages
FROM passage p
WHERE p.workspace_id = :workspace_id
    AND p.id > :after
    AND NOT EXISTS (SELECT 1 FROM embedding e
        WHERE e.workspace_id = :workspace_id AND e.generation_id = :generation_id AND e.passage_id = p.id);

-- name: list_window
-- unscoped: the worker reads what its job names
-- The next passages in the order of their ids, which is that of their writing; text is NULL where there is a vector already.
WITH seen AS MATERIALIZED (
    SELECT p.id, p.build_id, p.message_id, p.span_start, p.span_end
    FROM passage p
    WHERE p.workspace_id = :workspace_id AND p.id > :after
    ORDER BY p.id
    LIMIT :window::int
)
SELECT
    seen.id,
    CASE WHEN e.passage_id IS NULL THEN coalesce(
        substr(m.content, seen.span_start + 1, seen.span_end - seen.span_start),
        (SELECT substr(string_agg(t.content, '' ORDER BY t.ordinal), seen.span_start - min(t.span_start) + 1,
                seen.span_end - seen.span_start)
         FROM text_segment t
         WHERE t.workspace_id = :workspace_id
            AND t.build_id = seen.build_id
            AND t.span_start < seen.span_end
            AND t.span_start + length(t.content) > seen.span_start),
        '') END AS text
FROM seen
LEFT JOIN embedding e ON e.workspace_id = :workspace_id AND e.generation_id = :generation_id AND e.passage_id = seen.id
LEFT JOIN message m ON m.workspace_id = :workspace_id AND m.id = seen.message_id
ORDER BY seen.id;

-- name: note_embedded
UPDATE generation
SET embedded = embedded + :embedded::int, refused = refused + :refused::int
WHERE workspace_id = :workspace_id AND id = :id;

-- name: note_scanned
-- unscoped: a number about the workspace's own index
UPDATE generation
SET scanned_at = :scanned_at,
    embedded = CASE WHEN :is_whole::boolean
        THEN (SELECT count(*) FROM embedding e WHERE e.workspace_id = :workspace_id AND e.generation_id = :id) ELSE embedded END
WHERE workspace_id = :workspace_id AND id = :id;

-- name: note_self_recall
UPDATE generation SET self_recall = :self_recall WHERE workspace_id = :workspace_id AND id = :id;

-- name: sample_texts
-- unscoped: texts that are only compared with themselves; a share leaves
-- Passages in the order of a hash: a random sample, and the same one for each generation; the first ones with their text.
WITH sampled AS MATERIALIZED (
    SELECT p.id, p.build_id, p.message_id, p.span_start, p.span_end, e.vector,
        row_number() OVER (ORDER BY hashtext(p.id::text), p.id) AS place
    FROM embedding e
    JOIN passage p ON p.workspace_id = :workspace_id AND p.id = e.passage_id
    WHERE e.workspace_id = :workspace_id AND e.generation_id = :generation_id
    ORDER BY place
    LIMIT :at_most::int
)
SELECT
    s.vector,
    CASE WHEN s.place <= :texts::int THEN coalesce(
        substr(m.content, s.span_start + 1, s.span_end - s.span_start),
        (SELECT substr(string_agg(t.content, '' ORDER BY t.ordinal), s.span_start - min(t.span_start) + 1, s.span_end - s.span_start)
         FROM text_segment t
         WHERE t.workspace_id = :workspace_id
            AND t.build_id = s.build_id
            AND t.span_start < s.span_end
            AND t.span_start + length(t.content) > s.span_start)) END AS text
FROM sampled s
LEFT JOIN message m ON m.workspace_id = :workspace_id AND m.id = s.message_id
ORDER BY s.place;

-- name: take_turn_of_generation
-- The next turn of a generation that no waiting job will look at; no row when one will.
UPDATE generation g
SET turn = g.turn + 1
WHERE g.workspace_id = :workspace_id AND g.id = :id
    AND NOT EXISTS (SELECT 1 FROM job j
        WHERE j.workspace_id = :workspace_id AND j.subject_id = :id AND j.kind = 'build_generation'
            AND j.state IN ('queued', 'retry_wait'))
RETURNING g.turn;

-- name: list_followed
-- Generations that new passages have to reach besides the one they are written for: those in the making, and one promoted
-- while a job was still writing for the one before.
SELECT id, model
FROM generation
WHERE workspace_id = :workspace_id
    AND (state IN ('building', 'ready') OR state = 'active' AND promoted_at > now() - interval '1 hour')
ORDER BY id;

-- name: list_models_in_use
-- What workspaces hold, for EMBEDDER=auto and for models to be kept loaded; over all workspaces.
SELECT
    g.workspace_id,
    g.model,
    coalesce(c.passage_count, 0) AS passages,
    coalesce(c.detected_count, 0) AS detected,
    coalesce(c.english_count, 0) AS english,
    ARRAY(SELECT o.model FROM generation o
        WHERE o.workspace_id = g.workspace_id AND (o.state NOT IN ('retired', 'dropping') OR o.rolled_back_at IS NOT NULL)) AS known
FROM generation g
LEFT JOIN corpus_stat c ON c.workspace_id = g.workspace_id
WHERE g.state = 'active';

-- name: list_unattended
-- Generations in the making that no job works on, and dropped ones; over all workspaces.
SELECT g.workspace_id, g.id, g.state
FROM generation g
WHERE g.state = 'dropping' AND g.dropped_at < now() - make_interval(secs => :settle_s::float8)
    OR g.state = 'building' AND NOT EXISTS (SELECT 1 FROM job j
        WHERE j.workspace_id = g.workspace_id AND j.subject_id = g.id AND j.kind = 'build_generation'
            AND j.state IN ('queued', 'retry_wait', 'leased'));

-- name: find_owner
-- Who stands behind what is done by itself.
SELECT account_id
FROM membership
WHERE workspace_id = :workspace_id AND role = 'owner'
ORDER BY account_id
LIMIT 1;

-- name: remove_vectors
-- unscoped: the worker deletes a generation that was dropped, some rows at a time
WITH gone AS (
    SELECT e.passage_id FROM embedding e
    WHERE e.workspace_id = :workspace_id AND e.generation_id = :generation_id
    LIMIT :at_most::int
), deleted AS (
    DELETE FROM embedding e
    USING gone
    WHERE e.workspace_id = :workspace_id AND e.generation_id = :generation_id AND e.passage_id = gone.passage_id
    RETURNING 1
)
SELECT count(*)::int AS passages FROM deleted;

-- name: remove_generation
DELETE FROM generation WHERE workspace_id = :workspace_id AND id = :id AND state = 'dropping';
