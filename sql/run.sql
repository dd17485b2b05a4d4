-- Runs: the log of a reply (docs/adr/0003-the-log-is-in-postgresql.md), its citations, its end, and reading them.

-- name: load_run
-- unscoped: the worker, who then looks up what the asker may do now
-- What a reply starts from. role is NULL when the asker has left the workspace or lost the conversation.
SELECT
    r.conversation_id,
    r.prompt_message_id,
    r.account_id,
    r.model,
    r.request,
    r.state,
    r.stop_requested,
    r.last_seq,
    EXISTS (SELECT 1 FROM run_event e
        WHERE e.workspace_id = r.workspace_id AND e.run_id = r.id AND e.kind = 'delta') AS has_text,
    CASE WHEN EXISTS (SELECT 1 FROM readable(r.workspace_id, r.account_id) v WHERE v.item_id = r.conversation_id)
        THEN m.role END AS role,
    ARRAY(
        SELECT t.file_id
        FROM message q
        CROSS JOIN LATERAL (
            SELECT l.id, l.seq
            FROM path_to(r.workspace_id, q.branch_id) p
            CROSS JOIN LATERAL (
                SELECT m.id, m.seq
                FROM message m
                WHERE m.workspace_id = r.workspace_id
                    AND m.branch_id = p.branch_id
                    AND m.seq <= least(p.last_seq, q.seq)
                    AND m.deleted_at IS NULL
                ORDER BY m.seq DESC
                LIMIT 20) l
            ORDER BY l.seq DESC
            LIMIT 20) b
        JOIN message_attachment t ON t.workspace_id = r.workspace_id AND t.message_id = b.id
        WHERE q.workspace_id = r.workspace_id AND q.id = r.prompt_message_id
        GROUP BY t.file_id
        ORDER BY max(b.seq) DESC, t.file_id) AS attachments
FROM run r
LEFT JOIN membership m ON m.workspace_id = r.workspace_id AND m.account_id = r.account_id
WHERE r.workspace_id = :workspace_id AND r.id = :run_id;

-- name: list_turns
-- unscoped: the worker; load_run has asked the predicate for the asker
-- The prompt and what stood above it when it was written, the newest first, each reply next to its question.
-- A reply that came later is not among them, even to an earlier question: who asked had not read it.
SELECT
    m.id,
    m.role,
    m.content
FROM message q
CROSS JOIN LATERAL (
    SELECT l.id, l.role, l.content, l.seq, l.parent_id
    FROM path_to(:workspace_id, q.branch_id) p
    CROSS JOIN LATERAL (
        SELECT b.id, b.role, b.content, b.seq, b.parent_id
        FROM message b
        WHERE b.workspace_id = :workspace_id
            AND b.branch_id = p.branch_id
            AND b.seq <= least(p.last_seq, q.seq)
            AND b.deleted_at IS NULL
        ORDER BY b.seq DESC
        LIMIT :most) l
    ORDER BY l.seq DESC
    LIMIT :most) m
LEFT JOIN message a ON a.workspace_id = :workspace_id AND a.id = m.parent_id AND m.role = 'assistant'
WHERE q.workspace_id = :workspace_id
    AND q.id = :message_id
ORDER BY m.id = q.id DESC, coalesce(a.seq, m.seq) DESC, m.seq DESC;

-- name: read_gaps
-- The white space that stands before a passage from a place on, as the file or message holds it: for neighbours made one.
SELECT
    p.id AS passage_id,
    coalesce(
        substr(m.content, w.start + 1, p.span_start - w.start),
        (SELECT substr(string_agg(t.content, '' ORDER BY t.ordinal), w.start - min(t.span_start) + 1, p.span_start - w.start)
         FROM text_segment t
         WHERE t.workspace_id = :workspace_id
            AND t.build_id = p.build_id
            AND t.span_start < p.span_start
            AND t.span_start + length(t.content) > w.start),
        '') AS text
FROM unnest(:ids::uuid[], :starts::int[]) AS w (id, start)
JOIN passage p ON p.workspace_id = :workspace_id AND p.id = w.id
JOIN readable(:workspace_id, :account_id) r ON r.item_id = p.item_id
LEFT JOIN message m ON m.workspace_id = :workspace_id AND m.id = p.message_id AND m.deleted_at IS NULL
WHERE p.span_start > w.start;

-- name: append_events
-- unscoped: the worker, under the fence of the run's job
-- Nothing when the run has ended or another attempt has written: seq has no gaps and one writer.
WITH raised AS (
    UPDATE run SET last_seq = last_seq + cardinality(:kinds::text[])
    WHERE workspace_id = :workspace_id AND id = :run_id AND state = 'running' AND last_seq = :last_seq
    RETURNING last_seq, stop_requested
), added AS (
    INSERT INTO run_event (workspace_id, run_id, seq, kind, data)
    SELECT :workspace_id, :run_id, :last_seq + e.ordinal, e.kind, e.data
    FROM unnest(:kinds::text[], :datas::text[]) WITH ORDINALITY AS e (kind, data, ordinal)
    WHERE EXISTS (SELECT 1 FROM raised)
)
SELECT last_seq, stop_requested FROM raised;

-- name: find_progress
-- unscoped: the worker; the API has asked load_run_for_reader
SELECT state, last_seq, stop_requested FROM run WHERE workspace_id = :workspace_id AND id = :run_id;

-- name: keep_trace
-- unscoped: the worker, under the fence of the run's job
UPDATE run SET trace = :trace WHERE workspace_id = :workspace_id AND id = :run_id;

-- name: add_citation
-- unscoped: the worker, under the fence of the run's job
-- Of what was erased while the reply was written no word is kept. The lock lets one who erases just now wait, and find this row.
WITH kept AS (
    SELECT id FROM item WHERE workspace_id = :workspace_id AND id = :item_id FOR KEY SHARE
)
INSERT INTO citation (workspace_id, id, run_id, ref, kind, item_id, version, build_id, message_id, passage_id, title, headings,
    page_first, page_last, source_start, source_end, answer_start, answer_end, quote, verdict, score)
SELECT :workspace_id, :id, :run_id, :ref, :kind, :item_id, :version,
    (SELECT p.build_id FROM passage p WHERE p.workspace_id = :workspace_id AND p.id = :passage_id),
    :message_id, :passage_id, CASE WHEN source.is_kept THEN :title ELSE '' END,
    CASE WHEN source.is_kept THEN :headings::text[] ELSE '{}' END, :page_first, :page_last, :source_start, :source_end,
    :answer_start, :answer_end, CASE WHEN source.is_kept THEN :quote ELSE '' END, :verdict, :score
FROM (SELECT EXISTS (SELECT FROM kept) AS is_kept) source;

-- name: find_shown_text
-- unscoped: the worker or the reaper
-- Exactly what readers were shown.
SELECT coalesce(string_agg(data::json ->> 'text', '' ORDER BY seq), '') AS text
FROM run_event
WHERE workspace_id = :workspace_id AND run_id = :run_id AND kind = 'delta';

-- name: find_lost
-- unscoped: the worker or the reaper
-- What is known of what a run took that nobody goes on with: its trace, and what readers were shown.
SELECT r.model, r.trace, coalesce(string_agg(e.data::json ->> 'text', '' ORDER BY e.seq), '') AS text
FROM run r
LEFT JOIN run_event e ON e.workspace_id = r.workspace_id AND e.run_id = r.id AND e.kind = 'delta'
WHERE r.workspace_id = :workspace_id AND r.id = :run_id
GROUP BY r.model, r.trace;

-- name: end_run
-- unscoped: the worker, the reaper, or the API after lock_run
-- The first terminal write wins; its event takes the next seq.
UPDATE run
SET state = :state, content = :content, usage = :usage, grounding = :grounding, error_code = :error_code, error = :error,
    retryable = :retryable, reply_message_id = :reply_message_id, last_seq = last_seq + 1, finished_at = now(),
    answered_by = :answered_by, first_token_ms = :first_token_ms, input_tokens = :input_tokens, output_tokens = :output_tokens,
    cost_micros = :cost_micros, held_tokens = 0, held_micros = 0
WHERE workspace_id = :workspace_id AND id = :run_id AND state = 'running'
RETURNING last_seq, conversation_id, prompt_message_id, account_id;

-- name: add_event
-- unscoped: after end_run in the same transaction
INSERT INTO run_event (workspace_id, run_id, seq, kind, data) VALUES (:workspace_id, :run_id, :seq, :kind, :data);

-- name: add_reply
-- unscoped: the worker or the reaper, after end_run in the same transaction
-- Who asked for another reply reads that one (is_looked_at).
WITH raised AS (
    UPDATE conversation SET last_seq = last_seq + 1
    WHERE workspace_id = :workspace_id AND id = :conversation_id
    RETURNING last_seq
), touched AS (
    UPDATE item SET updated_at = now() WHERE workspace_id = :workspace_id AND id = :conversation_id
), added AS (
    INSERT INTO message (workspace_id, id, conversation_id, parent_id, seq, role, content, run_id)
    SELECT :workspace_id, :id, :conversation_id, :parent_id, raised.last_seq, 'assistant', :content, :run_id
    FROM raised
    RETURNING created_at, id, branch_id
), looked AS (
    INSERT INTO conversation_person (workspace_id, conversation_id, account_id, branch_id)
    SELECT :workspace_id, :conversation_id, m.account_id, added.branch_id
    FROM added
    JOIN run r ON r.workspace_id = :workspace_id AND r.id = :run_id
    JOIN membership m ON m.workspace_id = :workspace_id AND m.account_id = r.account_id
    WHERE added.branch_id = added.id
    ON CONFLICT (workspace_id, conversation_id, account_id) DO UPDATE SET branch_id = excluded.branch_id
    RETURNING account_id
)
SELECT created_at, EXISTS (SELECT FROM looked) AS is_looked_at FROM added;

-- name: find_run
-- A run, by the rights of its conversation. While it runs, its content is what was shown so far.
SELECT
    r.id,
    r.conversation_id,
    r.prompt_message_id,
    r.reply_message_id AS message_id,
    r.model,
    r.state,
    CASE WHEN r.state = 'running' THEN
        (SELECT coalesce(string_agg(e.data::json ->> 'text', '' ORDER BY e.seq), '') FROM run_event e
            WHERE e.workspace_id = r.workspace_id AND e.run_id = r.id AND e.kind = 'delta')
        ELSE r.content END AS content,
    r.usage,
    r.grounding,
    r.error_code,
    r.error,
    r.retryable,
    r.answered_by,
    r.cost_micros,
    CASE WHEN r.state = 'abstained' THEN r.trace ELSE '' END AS trace,
    r.last_seq,
    r.created_at,
    r.finished_at,
    v.can_write OR r.account_id = :account_id AS can_stop,
    coalesce(f.thumb, 'none') AS thumb,
    coalesce(f.reason, '') AS thumb_reason
FROM readable(:workspace_id, :account_id) v
JOIN run r ON r.workspace_id = :workspace_id AND r.conversation_id = v.item_id
LEFT JOIN reply_feedback f ON f.workspace_id = :workspace_id
    AND f.account_id = :account_id
    AND f.message_id = r.reply_message_id
WHERE r.id = :run_id;

-- name: list_live_runs
-- The runs of a conversation that have not ended, in the order in which they were asked for.
SELECT r.id
FROM readable(:workspace_id, :account_id) v
JOIN run r ON r.workspace_id = :workspace_id AND r.conversation_id = v.item_id
WHERE r.conversation_id = :conversation_id AND r.state = 'running'
ORDER BY r.id;

-- name: list_events
-- The log after a point, with the state that the run had then; one row without an event when there is none.
SELECT
    r.state,
    e.seq,
    e.kind,
    e.data
FROM readable(:workspace_id, :account_id) v
JOIN run r ON r.workspace_id = :workspace_id AND r.conversation_id = v.item_id
LEFT JOIN run_event e ON e.workspace_id = :workspace_id AND e.run_id = r.id AND e.seq > :after
WHERE r.id = :run_id
ORDER BY e.seq
LIMIT :limit;

-- name: request_stop
-- unscoped: find_run has asked the predicate in this transaction
UPDATE run SET stop_requested = true WHERE workspace_id = :workspace_id AND id = :run_id AND state = 'running';

-- name: cancel_waiting_reply
-- A job that nobody has begun needs no worker to end it.
UPDATE job
SET state = 'cancelled', cancel_requested = true, finished_at = now()
WHERE workspace_id = :workspace_id AND kind = 'reply' AND subject_id = :run_id AND state IN ('queued', 'retry_wait')
RETURNING id;

-- name: list_citations
-- The citations of runs with what has become of their sources; a source that the reader may not see shows nothing of itself.
SELECT
    c.id,
    c.run_id,
    c.ref,
    c.kind,
    c.item_id,
    c.version,
    c.message_id,
    c.passage_id,
    c.title,
    c.headings,
    c.page_first,
    c.page_last,
    c.source_start,
    c.source_end,
    c.answer_start,
    c.answer_end,
    c.quote,
    c.verdict,
    c.score,
    CASE
        WHEN c.verdict = 'unverified' THEN 'unverified'
        WHEN i.id IS NULL OR i.deleted_at IS NOT NULL OR m.deleted_at IS NOT NULL THEN 'deleted'
        WHEN s.item_id IS NULL THEN 'no_access'
        WHEN coalesce(f.version > c.version, m.edited_at > r.created_at) THEN 'superseded'
        WHEN c.kind = 'file' AND c.build_id <> s.active_build_id THEN 'moved'
        ELSE 'current'
    END AS status
FROM readable(:workspace_id, :account_id) v
JOIN run r ON r.workspace_id = :workspace_id AND r.conversation_id = v.item_id
JOIN citation c ON c.workspace_id = :workspace_id AND c.run_id = r.id
LEFT JOIN readable(:workspace_id, :account_id) s ON s.item_id = c.item_id
LEFT JOIN item i ON i.workspace_id = :workspace_id AND i.id = c.item_id
LEFT JOIN file f ON f.workspace_id = :workspace_id AND f.id = c.item_id
LEFT JOIN message m ON m.workspace_id = :workspace_id AND m.id = c.message_id
WHERE r.id = ANY(:run_ids::uuid[])
ORDER BY c.run_id, c.answer_start, c.ref;

-- name: find_told
-- Which of these items the reader of a run may see now, and whether it is his own: for events that name sources.
SELECT
    r.account_id = :account_id AS is_own,
    ARRAY(
        SELECT s.item_id
        FROM readable(:workspace_id, :account_id) s
        WHERE s.item_id = ANY(:item_ids::uuid[])) AS readable
FROM readable(:workspace_id, :account_id) v
JOIN run r ON r.workspace_id = :workspace_id AND r.conversation_id = v.item_id
WHERE r.id = :run_id;

-- name: list_places
-- What candidates of a trace are called now: of items that the reader may see, without deleted messages.
SELECT
    w.item_id,
    w.message_id,
    i.title,
    coalesce(a.name, '') AS author,
    coalesce(m.created_at, i.created_at) AS created_at
FROM (SELECT DISTINCT item_id, message_id FROM unnest(:item_ids::uuid[], :message_ids::uuid[]) AS u (item_id, message_id)) AS w
JOIN readable(:workspace_id, :account_id) v ON v.item_id = w.item_id
JOIN item i ON i.workspace_id = :workspace_id AND i.id = w.item_id
LEFT JOIN message m ON m.workspace_id = :workspace_id AND m.id = w.message_id AND m.deleted_at IS NULL
LEFT JOIN account a ON a.id = coalesce(m.author_id, i.owner_id)
WHERE w.message_id IS NULL OR m.id IS NOT NULL;

-- name: find_trace
-- The trace of a reply, by the rights of its conversation. is_asked: the turns that made the query still say what they said.
SELECT
    r.id AS run_id,
    r.conversation_id,
    r.model,
    r.answered_by,
    r.state,
    r.trace,
    r.usage,
    r.cost_micros,
    r.first_token_ms,
    (extract(epoch FROM r.finished_at - r.created_at) * 1000)::int AS total_ms,
    NOT EXISTS (
        SELECT FROM json_array_elements_text(nullif(r.trace, '')::json -> 'given') AS g (id)
        JOIN message t ON t.workspace_id = r.workspace_id AND t.id = g.id::uuid
        WHERE t.deleted_at IS NOT NULL OR t.edited_at > r.created_at) AS is_asked,
    r.account_id = :account_id AS is_own,
    r.created_at
FROM readable(:workspace_id, :account_id) v
JOIN run r ON r.workspace_id = :workspace_id AND r.conversation_id = v.item_id
JOIN message m ON m.workspace_id = :workspace_id AND m.id = r.reply_message_id
WHERE r.reply_message_id = :message_id
    AND m.deleted_at IS NULL;

-- name: find_reply
-- A message that may be judged.
SELECT m.conversation_id, m.role = 'assistant' AS is_reply
FROM readable(:workspace_id, :account_id) v
JOIN message m ON m.workspace_id = :workspace_id AND m.conversation_id = v.item_id
WHERE m.id = :message_id
    AND m.deleted_at IS NULL;

-- name: keep_reply_feedback
INSERT INTO reply_feedback (workspace_id, account_id, message_id, conversation_id, thumb, reason)
VALUES (:workspace_id, :account_id, :message_id, :conversation_id, :thumb, :reason)
ON CONFLICT (workspace_id, account_id, message_id)
DO UPDATE SET thumb = excluded.thumb, reason = excluded.reason, given_at = now();

-- name: take_back_reply_feedback
DELETE FROM reply_feedback
WHERE workspace_id = :workspace_id AND account_id = :account_id AND message_id = :message_id;

-- name: list_reply_judgements
-- unscoped: the operator's evaluation, no content
SELECT f.account_id, r.prompt_message_id, r.answered_by AS model, f.thumb
FROM reply_feedback f
JOIN run r ON r.workspace_id = :workspace_id AND r.reply_message_id = f.message_id
WHERE f.workspace_id = :workspace_id
ORDER BY f.given_at, f.message_id;

-- name: lock_budgets
-- One call of a workspace is counted at a time.
SELECT FROM pg_advisory_xact_lock(hashtextextended('budget ' || :workspace_id::uuid, 0));

-- name: spent_today
-- unscoped: sums, no content
-- What replies and titles of today took or have set aside; the run or the title that asks is left out.
SELECT
    coalesce(sum(greatest(input_tokens + output_tokens, held_tokens)) FILTER (WHERE account_id = :account_id), 0)::bigint
        AS person_tokens,
    coalesce(sum(greatest(input_tokens + output_tokens, held_tokens)), 0)::bigint AS workspace_tokens,
    coalesce(sum(greatest(cost_micros, held_micros)) FILTER (WHERE account_id = :account_id), 0)::bigint AS person_micros,
    coalesce(sum(greatest(cost_micros, held_micros)), 0)::bigint AS workspace_micros
FROM (
    SELECT account_id, input_tokens, output_tokens, cost_micros, held_tokens, held_micros
    FROM run
    WHERE workspace_id = :workspace_id
        AND created_at >= date_trunc('day', now(), 'UTC')
        AND id IS DISTINCT FROM :except_id::uuid
    UNION ALL
    SELECT account_id, input_tokens, output_tokens, cost_micros, held_tokens, held_micros
    FROM title_call
    WHERE workspace_id = :workspace_id
        AND created_at >= date_trunc('day', now(), 'UTC')
        AND conversation_id IS DISTINCT FROM :except_id::uuid) AS taken;

-- name: hold_budget
-- unscoped: the worker, under the fence of the run's job
UPDATE run SET held_tokens = :held_tokens, held_micros = :held_micros
WHERE workspace_id = :workspace_id AND id = :run_id AND state = 'running';

-- name: list_usage
-- unscoped: sums, no content
-- Replies and titles by day, by the model that wrote them and, where asked, by person, the latest day first.
-- Of a reply that was copied or imported the log holds its end alone: it was written elsewhere, or counts already.
SELECT
    date_trunc('day', t.created_at, 'UTC') AS day,
    t.model,
    p.id AS account_id,
    coalesce(p.name, '') AS name,
    sum(t.replies)::int AS replies,
    sum(t.input_tokens)::bigint AS input_tokens,
    sum(t.output_tokens)::bigint AS output_tokens,
    sum(t.cost_micros)::bigint AS cost_micros
FROM (
    SELECT created_at, account_id, coalesce(nullif(answered_by, ''), model) AS model, 1 AS replies,
        input_tokens, output_tokens, cost_micros
    FROM run
    WHERE workspace_id = :workspace_id
        AND (last_seq > 1 OR reply_message_id IS NULL)
    UNION ALL
    SELECT created_at, account_id, model, 0, input_tokens, output_tokens, cost_micros
    FROM title_call
    WHERE workspace_id = :workspace_id) AS t
LEFT JOIN account p ON p.id = t.account_id AND :by_person
WHERE (t.account_id = :account_id OR :of_all)
    AND t.created_at >= date_trunc('day', now(), 'UTC') - make_interval(days => :days - 1)
GROUP BY 1, 2, 3, 4
ORDER BY 1 DESC, 2, 4, 3;

-- name: list_model_outcomes
-- unscoped: how each model's last reply in this workspace ended, no content
-- A model whose last reply failed a moment ago is told to be failing before the next one is asked for; so is one in whose place
-- another had to write.
SELECT DISTINCT ON (o.model) o.model, o.is_failing
FROM run r
CROSS JOIN LATERAL (VALUES
    (r.model, r.error_code = 'model_unavailable' OR r.answered_by NOT IN ('', r.model)),
    (nullif(r.answered_by, r.model), r.error_code = 'model_unavailable')) AS o (model, is_failing)
WHERE r.workspace_id = :workspace_id
    AND r.finished_at > now() - interval '5 minutes'
    AND o.model <> ''
ORDER BY o.model, r.finished_at DESC;
