-- Saved searches: what people keep, what is new for it, what it found, and the notices of that. A person's own rows are
-- named by workspace and account; the worker asks in the name of the owner, whose readable() decides.

-- name: list_saved_searches
SELECT
    s.id,
    s.name,
    s.q,
    s.type,
    s.lang,
    s.tz,
    s.is_alerting,
    s.created_at,
    s.webhook_url,
    s.webhook_id,
    s.webhook_failing_since,
    s.webhook_disabled_at,
    s.webhook_reason
FROM saved_search s
WHERE s.workspace_id = :workspace_id
    AND s.account_id = :account_id
    AND (:id::uuid IS NULL OR s.id = :id)
ORDER BY s.created_at DESC, s.id DESC;

-- name: lock_membership
-- Saving is one at a time for each person, so that the bound on their number holds.
SELECT account_id AS id FROM membership
WHERE workspace_id = :workspace_id AND account_id = :account_id
FOR UPDATE;

-- name: count_saved_searches
SELECT count(*)::int AS saved FROM saved_search WHERE workspace_id = :workspace_id AND account_id = :account_id;

-- name: save_search
-- The same question of the same person is saved once: no row comes back.
INSERT INTO saved_search (workspace_id, id, account_id, name, q, type, lang, tz, is_alerting, webhook_url, webhook_id)
VALUES (:workspace_id, :id, :account_id, :name, :q, :type, :lang, :tz, :is_alerting, :webhook_url, :webhook_id)
ON CONFLICT (workspace_id, account_id, q, type, lang, tz) DO NOTHING
RETURNING id;

-- name: change_saved_search
UPDATE saved_search
SET name = :name, is_alerting = :is_alerting
WHERE workspace_id = :workspace_id AND account_id = :account_id AND id = :id;

-- name: set_webhook
-- Another address, or the same one again: its failures are forgotten.
UPDATE saved_search
SET webhook_url = :webhook_url, webhook_id = :webhook_id, webhook_failing_since = NULL, webhook_disabled_at = NULL,
    webhook_reason = ''
WHERE workspace_id = :workspace_id AND account_id = :account_id AND id = :id;

-- name: delete_saved_search
DELETE FROM saved_search WHERE workspace_id = :workspace_id AND account_id = :account_id AND id = :id RETURNING id;

-- name: take_news
-- What is new in the next workspace after the last one, so that a busy one does not keep the others waiting. Who takes it and
-- dies gives it back with the time.
WITH turn AS (
    (SELECT workspace_id FROM search_news
    WHERE workspace_id > :after AND taken_until <= now()
    ORDER BY workspace_id
    LIMIT 1)
    UNION ALL
    (SELECT workspace_id FROM search_news
    WHERE taken_until <= now()
    ORDER BY workspace_id
    LIMIT 1)
    LIMIT 1
), taken AS (
    SELECT n.workspace_id, n.id FROM search_news n
    JOIN turn ON n.workspace_id = turn.workspace_id
    WHERE n.taken_until <= now()
    ORDER BY n.id
    LIMIT :most
    FOR UPDATE OF n SKIP LOCKED
)
UPDATE search_news
SET taken_until = now() + make_interval(secs => :hold_s::float8)
FROM taken
WHERE search_news.workspace_id = taken.workspace_id AND search_news.id = taken.id
RETURNING search_news.workspace_id, search_news.id, search_news.item_id, search_news.passage_ids;

-- name: hold_news
UPDATE search_news
SET taken_until = now() + make_interval(secs => :hold_s::float8)
WHERE workspace_id = :workspace_id AND id = ANY (:ids::uuid[]);

-- name: remove_news
DELETE FROM search_news WHERE workspace_id = :workspace_id AND id = ANY (:ids::uuid[]);

-- name: list_fresh_passages
-- unscoped: ids for the worker, which asks readable() for each owner
-- The passages of a piece of news that search shows: those named, and all of the items named.
SELECT p.id
FROM passage p
JOIN item i ON i.workspace_id = :workspace_id AND i.id = p.item_id AND i.shown_build_id = p.build_id
WHERE p.workspace_id = :workspace_id
    AND p.id = ANY (:passage_ids::uuid[])
    AND p.id > :after::uuid
    AND i.deleted_at IS NULL
UNION
SELECT p.id
FROM item i
JOIN passage p ON p.workspace_id = :workspace_id AND p.build_id = i.shown_build_id
WHERE i.workspace_id = :workspace_id
    AND i.id = ANY (:item_ids::uuid[])
    AND p.id > :after::uuid
    AND i.deleted_at IS NULL
ORDER BY id
LIMIT :most::int;

-- name: list_alerting_searches
-- A page of the searches of a workspace that want to be told, of people who may sign in.
SELECT s.id, s.account_id, m.role, s.q, s.type, s.lang, s.tz, s.webhook_url IS NOT NULL AND s.webhook_disabled_at IS NULL AS calls
FROM saved_search s
JOIN membership m ON m.workspace_id = s.workspace_id AND m.account_id = s.account_id
JOIN account a ON a.id = s.account_id
WHERE s.workspace_id = :workspace_id
    AND s.id > :after::uuid
    AND s.is_alerting
    AND a.disabled_at IS NULL
ORDER BY s.id
LIMIT :most::int;

-- name: match_words
-- unscoped: ids for the worker, which asks readable() for each owner
-- Which of some passages hold what each of some tsqueries asks for; NULL asks for nothing.
WITH fresh AS MATERIALIZED (
    SELECT p.id, p.tsv FROM passage p
    WHERE p.workspace_id = :workspace_id AND p.id = ANY (:passage_ids::uuid[])
), asked AS MATERIALIZED (
    SELECT search_id, tsquery FROM unnest(:search_ids::uuid[], :tsqueries::text[]::tsquery[]) AS t (search_id, tsquery)
)
SELECT asked.search_id, array_agg(fresh.id ORDER BY fresh.id) AS passage_ids
FROM asked
JOIN fresh ON asked.tsquery IS NULL OR fresh.tsv @@ asked.tsquery
GROUP BY asked.search_id;

-- name: find_admitted
-- Which of these passages the caller may see and the filters leave.
SELECT p.id
FROM passage p
JOIN readable(:workspace_id, :account_id) r ON r.active_build_id = p.build_id
WHERE p.workspace_id = :workspace_id
    AND p.id = ANY (:passage_ids::uuid[])
    AND admits(p, :within::narrowing)
ORDER BY p.id;

-- name: add_matches
-- unscoped: passages that the search's owner was just found to be allowed to see
-- Up to :most messages and file versions that this search was never told of, each by the first of its passages.
WITH subject AS (
    SELECT DISTINCT ON (coalesce(p.message_id, b.version_id))
        coalesce(p.message_id, b.version_id) AS id, p.item_id, p.message_id, v.version, p.id AS passage_id
    FROM passage p
    LEFT JOIN build b ON b.workspace_id = :workspace_id AND b.id = p.build_id
    LEFT JOIN file_version v ON v.workspace_id = :workspace_id AND v.id = b.version_id
    WHERE p.workspace_id = :workspace_id AND p.id = ANY (:passage_ids::uuid[])
    ORDER BY coalesce(p.message_id, b.version_id), p.ordinal
)
INSERT INTO saved_search_match
    (workspace_id, saved_search_id, subject_id, notification_id, item_id, message_id, version, passage_id)
SELECT :workspace_id, s.id, subject.id, :notification_id, subject.item_id, subject.message_id, subject.version, subject.passage_id
FROM subject
JOIN saved_search s ON s.workspace_id = :workspace_id AND s.id = :search_id
WHERE subject.id IS NOT NULL
    AND NOT EXISTS (SELECT FROM saved_search_match m
        WHERE m.workspace_id = :workspace_id AND m.saved_search_id = :search_id AND m.subject_id = subject.id)
ORDER BY subject.id
LIMIT :most::int
ON CONFLICT DO NOTHING
RETURNING subject_id;

-- name: list_matches
-- What notices are about, as far as their reader may see it now. An excerpt outlives an edit of its message, not of its file.
SELECT
    m.notification_id,
    m.item_id,
    m.message_id,
    m.version,
    i.title,
    coalesce(a.name, '') AS author,
    coalesce(g.created_at, i.created_at) AS created_at,
    coalesce(p.span_start, 0) AS span_start,
    CASE
        WHEN m.message_id IS NOT NULL THEN substr(g.content, coalesce(p.span_start, 0) + 1, :excerpt::int)
        ELSE coalesce((
            SELECT substr(string_agg(t.content, '' ORDER BY t.ordinal), p.span_start - min(t.span_start) + 1,
                least(:excerpt::int, p.span_end - p.span_start))
            FROM text_segment t
            WHERE t.workspace_id = :workspace_id
                AND t.build_id = p.build_id
                AND t.span_start < p.span_end
                AND t.span_start + length(t.content) > p.span_start), '')
    END AS excerpt
FROM saved_search_match m
JOIN readable(:workspace_id, :account_id) r ON r.item_id = m.item_id
JOIN item i ON i.workspace_id = :workspace_id AND i.id = m.item_id
LEFT JOIN message g ON g.workspace_id = :workspace_id AND g.id = m.message_id AND g.deleted_at IS NULL
LEFT JOIN passage p ON p.workspace_id = :workspace_id AND p.id = m.passage_id AND p.build_id = r.active_build_id
LEFT JOIN account a ON a.id = CASE WHEN m.message_id IS NULL THEN i.owner_id ELSE g.author_id END
WHERE m.workspace_id = :workspace_id
    AND m.notification_id = ANY (:notification_ids::uuid[])
    AND (m.message_id IS NULL OR g.id IS NOT NULL)
ORDER BY m.notification_id, m.subject_id;

-- name: read_notifications
UPDATE notification
SET read_at = now()
WHERE workspace_id = :workspace_id
    AND account_id = :account_id
    AND read_at IS NULL
    AND (id = ANY (:ids::uuid[]) OR id <= :up_to::uuid);

-- name: remove_old_notifications
-- A match stays with its search, so that it is not reported again.
DELETE FROM notification WHERE created_at < now() - interval '90 days';

-- name: find_call
-- What a webhook is to be told, and in whose name it is found.
SELECT s.id AS search_id, s.name, s.q, n.created_at, s.account_id, m.role, s.webhook_url, s.webhook_id, s.webhook_disabled_at
FROM notification n
JOIN saved_search s ON s.workspace_id = n.workspace_id AND s.id = n.saved_search_id
JOIN membership m ON m.workspace_id = s.workspace_id AND m.account_id = s.account_id
JOIN account a ON a.id = s.account_id
WHERE n.workspace_id = :workspace_id
    AND n.id = :id
    AND a.disabled_at IS NULL;

-- name: note_call_done
UPDATE saved_search
SET webhook_failing_since = NULL, webhook_reason = ''
WHERE workspace_id = :workspace_id AND id = :id AND webhook_id = :webhook_id AND webhook_failing_since IS NOT NULL;

-- name: note_call_failed
-- One that failed for too long, or says that it is gone, is called no more.
UPDATE saved_search
SET webhook_failing_since = coalesce(webhook_failing_since, now()),
    webhook_reason = :reason,
    webhook_disabled_at = CASE
        WHEN :is_gone::boolean OR webhook_failing_since < now() - make_interval(secs => :patience_s::float8) THEN now() END
WHERE workspace_id = :workspace_id AND id = :id AND webhook_id = :webhook_id AND webhook_disabled_at IS NULL
RETURNING webhook_disabled_at IS NOT NULL AS is_disabled,
    extract(epoch FROM now() - webhook_failing_since)::float8 AS failing_s;
