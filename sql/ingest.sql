-- Reading files into the index: what the worker notes on its way. Every statement runs in a transaction of the file's own
-- workspace and, but for the first two, under the fence of its job.

-- name: queue_file
-- unscoped: the caller has checked that the file may be written
UPDATE file
SET state = 'queued', stage = '', reason_code = '', reason = '', remedy = '', started_at = NULL, finished_at = NULL
FROM file_version v
WHERE v.workspace_id = :workspace_id AND v.id = :version_id
    AND file.workspace_id = :workspace_id AND file.id = v.file_id AND file.version = v.version;

-- name: cancel_file
-- unscoped: the caller has checked that the file may be written
UPDATE file
SET state = 'cancelled', stage = '', finished_at = now()
FROM file_version v
WHERE v.workspace_id = :workspace_id AND v.id = :version_id
    AND file.workspace_id = :workspace_id AND file.id = v.file_id AND file.version = v.version
    AND file.state IN ('queued', 'processing');

-- name: find_source
-- unscoped: the worker reads what its job names
-- A file that was deleted or has a newer version is not wanted any more.
SELECT v.id AS version_id, v.file_id, i.owner_id, v.version, v.sha256, v.name, b.key,
    i.deleted_at IS NULL AND f.version = v.version AS wanted,
    p.sealed AS sealed_password,
    EXISTS (SELECT 1 FROM build shown
        WHERE shown.workspace_id = v.workspace_id AND shown.id = i.active_build_id AND shown.version_id = v.id
            AND shown.with_password AND shown.finished_at IS NOT NULL) AS was_opened
FROM file_version v
LEFT JOIN file_password p ON p.workspace_id = v.workspace_id AND p.version_id = v.id
JOIN file f ON f.workspace_id = v.workspace_id AND f.id = v.file_id
JOIN item i ON i.workspace_id = v.workspace_id AND i.id = v.file_id
JOIN blob b ON b.workspace_id = v.workspace_id AND b.sha256 = v.sha256
WHERE v.workspace_id = :workspace_id AND v.id = :version_id;

-- name: find_build
-- unscoped: the worker reads what its job names
-- The build that a crash or a wait left unfinished, made of the same text or bytes.
SELECT id, segments_done FROM build
WHERE workspace_id = :workspace_id AND version_id = :version_id AND pipeline_version = :pipeline_version
    AND text_of IS NOT DISTINCT FROM :text_of::uuid
    AND finished_at IS NULL AND retired_at IS NULL
ORDER BY created_at DESC
LIMIT 1;

-- name: create_build
-- unscoped: the worker writes what its job names
-- What befell files within the file (problems from 2,000,000 on) is as true of a build that is cut from another one's text.
WITH made AS (
    INSERT INTO build (workspace_id, id, file_id, version_id, pipeline_version, text_of, with_password)
    SELECT :workspace_id, :id, :file_id, :version_id, :pipeline_version, :text_of,
        :with_password OR EXISTS (SELECT 1 FROM build b
            WHERE b.workspace_id = :workspace_id AND b.id = :text_of AND b.with_password)
)
INSERT INTO file_problem (workspace_id, build_id, ordinal, page, code, message, remedy)
SELECT :workspace_id, :id, q.ordinal, q.page, q.code, q.message, q.remedy
FROM file_problem q
WHERE q.workspace_id = :workspace_id AND q.build_id = :text_of AND q.ordinal >= 2000000;

-- name: mark_build
-- unscoped: the worker writes what its job names
UPDATE build SET with_password = true WHERE workspace_id = :workspace_id AND id = :build_id AND NOT with_password;

-- name: find_twin
-- unscoped: equal bytes within one workspace; what is copied of them is what reading the file itself would give
-- Another file with these bytes that was read whole by this pipeline. Among texts the name's end decides what they are, so it is
-- the same, or the whole name where it has none. None for a file that has a build already: its reader wants it read. None that was
-- read with a password: who has the bytes need not have that. Only three are looked at for missing vectors, since there may be
-- a thousand, each of a thousand passages.
WITH twin AS MATERIALIZED (
    SELECT f.id AS file_id, b.id AS build_id, v.id AS version_id, f.media_type, b.segments_done, f.segments_total,
        f.passages_total AS passages
    FROM file_version v
    JOIN file f ON f.workspace_id = v.workspace_id AND f.id = v.file_id AND f.version = v.version AND f.state = 'ready'
    JOIN item i ON i.workspace_id = v.workspace_id AND i.id = v.file_id AND i.deleted_at IS NULL
    JOIN build b ON b.workspace_id = v.workspace_id AND b.id = i.active_build_id AND b.version_id = v.id
        AND b.pipeline_version = :pipeline_version AND b.finished_at IS NOT NULL AND NOT b.with_password
    WHERE v.workspace_id = :workspace_id AND v.sha256 = :sha256 AND v.id <> :version_id
        AND lower(coalesce(substring(v.name FROM '[^.](\.[^.]+)$'), v.name))
            = lower(coalesce(substring(:name::text FROM '[^.](\.[^.]+)$'), :name))
        AND NOT EXISTS (SELECT 1 FROM file c WHERE c.workspace_id = v.workspace_id AND c.parent_id = f.id) -- they would be lost
        AND NOT EXISTS (SELECT 1 FROM build own WHERE own.workspace_id = v.workspace_id AND own.version_id = :version_id)
    ORDER BY b.id
    LIMIT 3
)
SELECT twin.file_id, twin.build_id, twin.version_id, twin.media_type, twin.segments_done, twin.segments_total, twin.passages
FROM twin
WHERE NOT EXISTS (SELECT 1 FROM passage p
    WHERE p.workspace_id = :workspace_id AND p.item_id = twin.file_id AND p.build_id = twin.build_id
        AND NOT EXISTS (SELECT 1 FROM embedding e
            WHERE e.workspace_id = :workspace_id AND e.generation_id = :generation_id AND e.passage_id = p.id))
ORDER BY twin.build_id
LIMIT 1;

-- name: copy_text
-- unscoped: the worker writes what its job names, from a build that find_twin has found
-- The text of a build with what the document says of itself; the checkpoint says that all of it is there.
WITH copied AS (
    INSERT INTO text_segment (workspace_id, build_id, ordinal, page, label, span_start, content)
    SELECT :workspace_id, :build_id, t.ordinal, t.page, t.label, t.span_start, t.content
    FROM text_segment t
    WHERE t.workspace_id = :workspace_id AND t.build_id = :twin_build_id
), told AS (
    UPDATE file_version
    SET title = twin.title, author = twin.author, created = twin.created, modified = twin.modified, language = twin.language
    FROM file_version twin
    WHERE file_version.workspace_id = :workspace_id AND file_version.id = :version_id
        AND twin.workspace_id = :workspace_id AND twin.id = :twin_version_id
), counted AS (
    UPDATE file SET segments_done = :segments_done, segments_total = :segments_total
    WHERE workspace_id = :workspace_id AND id = :file_id AND version = :version
)
UPDATE build SET segments_done = :segments_done WHERE workspace_id = :workspace_id AND id = :build_id;

-- name: note_copied
-- unscoped: the worker writes what its job names
UPDATE file SET passages_total = passages_total + :passages::int, passages_embedded = passages_embedded + :passages::int
WHERE workspace_id = :workspace_id AND id = :file_id AND version = :version;

-- name: find_whole_build
-- unscoped: the worker reads what its job names
-- The build of this version that search shows.
SELECT b.id, b.pipeline_version, b.segments_done, f.segments_total, f.media_type, g.id AS generation_id, g.model
FROM file f
JOIN item i ON i.workspace_id = f.workspace_id AND i.id = f.id
JOIN build b ON b.workspace_id = f.workspace_id AND b.id = i.active_build_id AND b.version_id = :version_id AND b.finished_at IS NOT NULL
JOIN generation g ON g.workspace_id = f.workspace_id AND g.state = 'active'
WHERE f.workspace_id = :workspace_id AND f.id = :file_id;

-- name: list_items_again
-- unscoped: the worker reads what its job names
-- What reading a file gave, in its order: segments, and problems where there is no text. Problems of embedding stand behind 1,000,000.
SELECT t.ordinal, t.page, t.label, t.content, '' AS code, '' AS message, '' AS remedy
FROM text_segment t
WHERE t.workspace_id = :workspace_id AND t.build_id = :build_id AND t.ordinal >= :first
UNION ALL
SELECT q.ordinal, q.page, NULL, '', q.code, q.message, q.remedy
FROM file_problem q
WHERE q.workspace_id = :workspace_id AND q.build_id = :build_id AND q.ordinal >= :first AND q.ordinal < 1000000
ORDER BY ordinal
LIMIT :most;

-- name: start_embedding
-- unscoped: the worker writes what its job names
-- A file whose text and passages stay as they are; what the model refused before, it is asked again.
WITH forgotten AS (
    DELETE FROM file_problem
    WHERE workspace_id = :workspace_id AND build_id = :build_id AND ordinal >= 1000000 AND ordinal < 2000000
)
UPDATE file
SET state = 'processing', stage = 'embedding', reason_code = '', reason = '', remedy = '', started_at = coalesce(started_at, now()),
    finished_at = NULL, passages_embedded = 0,
    passages_total = (SELECT count(*) FROM passage p
        WHERE p.workspace_id = :workspace_id AND p.item_id = :file_id AND p.build_id = :build_id)
WHERE workspace_id = :workspace_id AND id = :file_id AND version = :version;

-- name: list_passage_texts
-- unscoped: the worker reads what its job names
SELECT p.id, p.ordinal,
    (SELECT substr(string_agg(t.content, '' ORDER BY t.ordinal), p.span_start - min(t.span_start) + 1, p.span_end - p.span_start)
        FROM text_segment t
        WHERE t.workspace_id = :workspace_id AND t.build_id = p.build_id AND t.span_start < p.span_end
            AND t.span_start + length(t.content) > p.span_start) AS text
FROM passage p
WHERE p.workspace_id = :workspace_id AND p.item_id = :file_id AND p.build_id = :build_id AND p.ordinal > :after
ORDER BY p.ordinal
LIMIT :most;

-- name: remove_vectors_of
-- unscoped: the worker writes what its job names
DELETE FROM embedding
WHERE workspace_id = :workspace_id AND generation_id = :generation_id AND passage_id = ANY (:passage_ids::uuid[]);

-- name: show_first_build
-- unscoped: the worker writes what its job names
-- Only a file's first build is active while it grows.
UPDATE item SET active_build_id = :build_id
WHERE workspace_id = :workspace_id AND id = :file_id AND active_build_id IS NULL;

-- name: start_file
-- unscoped: the worker writes what its job names
UPDATE file
SET state = 'processing', stage = 'extracting', media_type = :media_type, reason_code = '', reason = '', remedy = '',
    started_at = coalesce(started_at, now()), finished_at = NULL,
    segments_done = :segments_done, segments_total = CASE WHEN :segments_done::int > 0 THEN segments_total END,
    passages_total = :passages_total, passages_embedded = :passages_embedded
WHERE workspace_id = :workspace_id AND id = :file_id AND version = :version;

-- name: list_built_segments
-- unscoped: the worker reads what its job names
SELECT ordinal, page, label, content FROM text_segment
WHERE workspace_id = :workspace_id AND build_id = :build_id
ORDER BY ordinal;

-- name: list_built_passages
-- unscoped: the worker reads what its job names
SELECT p.id, p.ordinal,
    EXISTS (SELECT 1 FROM embedding e
        WHERE e.workspace_id = :workspace_id AND e.generation_id = :generation_id AND e.passage_id = p.id) AS has_vector
FROM passage p
WHERE p.workspace_id = :workspace_id AND p.item_id = :file_id AND p.build_id = :build_id
ORDER BY p.ordinal;

-- name: hold_file
-- unscoped: the worker writes what its job names
-- Keeps a hard deletion waiting until we commit; no row means that it came first, that the file is in the bin, or that it has a
-- newer version. One that comes a moment later finds that what we write of the file names its version.
SELECT i.id FROM item i
JOIN file f ON f.workspace_id = i.workspace_id AND f.id = i.id AND f.version = :version
WHERE i.workspace_id = :workspace_id AND i.id = :file_id AND i.deleted_at IS NULL
FOR KEY SHARE OF i;

-- name: add_segment
-- unscoped: the worker writes what its job names
INSERT INTO text_segment (workspace_id, build_id, ordinal, page, label, span_start, content)
VALUES (:workspace_id, :build_id, :ordinal, :page, :label, :span_start, :content);

-- name: add_problem
-- unscoped: the worker writes what its job names
INSERT INTO file_problem (workspace_id, build_id, ordinal, page, code, message, remedy)
VALUES (:workspace_id, :build_id, :ordinal, :page, :code, :message, :remedy)
ON CONFLICT DO NOTHING;

-- name: note_properties
-- unscoped: the worker writes what its job names
UPDATE file_version SET title = :title, author = :author, created = :created, modified = :modified, language = :language
WHERE workspace_id = :workspace_id AND id = :version_id;

-- name: note_segments
-- unscoped: the worker writes what its job names
-- The checkpoint: a run after a crash goes on behind these segments.
WITH checkpoint AS (
    UPDATE build SET segments_done = :segments_done
    WHERE workspace_id = :workspace_id AND id = :build_id
)
UPDATE file
SET segments_done = least(:segments_done, coalesce(:segments_total, segments_total)), -- files attached to a PDF are no pages of it
    segments_total = coalesce(:segments_total, segments_total), passages_total = passages_total + :passages::int
WHERE workspace_id = :workspace_id AND id = :file_id AND version = :version;

-- name: note_vectors
-- unscoped: the worker writes what its job names
UPDATE file SET passages_embedded = passages_embedded + :vectors::int
WHERE workspace_id = :workspace_id AND id = :file_id AND version = :version;

-- name: note_stage
-- unscoped: the worker writes what its job names
UPDATE file SET stage = :stage WHERE workspace_id = :workspace_id AND id = :file_id AND version = :version;

-- name: show_build
-- unscoped: the worker writes what its job names
-- The flip. The file's row is locked: a deletion or a newer version that came first wins, and nothing comes back.
UPDATE item SET active_build_id = :build_id, about = btrim(v.title || ' ' || v.author)
FROM file f
JOIN item old ON old.workspace_id = f.workspace_id AND old.id = f.id
JOIN file_version v ON v.workspace_id = f.workspace_id AND v.file_id = f.id AND v.version = f.version
WHERE item.workspace_id = :workspace_id AND item.id = :file_id AND item.deleted_at IS NULL
    AND f.workspace_id = item.workspace_id AND f.id = item.id AND f.version = :version
RETURNING old.active_build_id IS DISTINCT FROM :build_id::uuid AS is_flip;

-- name: hide_build
-- unscoped: the worker writes what its job names
-- A file that failed shows none of its half; an older build that was whole stays.
UPDATE item SET active_build_id = NULL
WHERE workspace_id = :workspace_id AND id = :file_id AND active_build_id = :build_id
RETURNING id;

-- name: close_build
-- unscoped: the worker writes what its job names
-- The builds that this one takes the place of go.
UPDATE build
SET finished_at = CASE WHEN id = :build_id THEN now() ELSE finished_at END,
    retired_at = CASE WHEN id <> :build_id THEN now() END
WHERE workspace_id = :workspace_id AND file_id = :file_id;

-- name: retire_build
-- unscoped: the worker writes what its job names
-- It was never whole, so it has no time of finishing.
UPDATE build SET retired_at = now() WHERE workspace_id = :workspace_id AND id = :build_id;

-- name: count_problems
-- unscoped: the worker reads what its job names
SELECT f.passages_total AS passages,
    (SELECT count(*) FROM file_problem p WHERE p.workspace_id = f.workspace_id AND p.build_id = :build_id) AS problems,
    coalesce(first.code, '') AS code,
    coalesce(first.message, '') AS message,
    coalesce(first.remedy, '') AS remedy
FROM file f
LEFT JOIN LATERAL (
    SELECT p.code, p.message, p.remedy
    FROM file_problem p
    WHERE p.workspace_id = f.workspace_id AND p.build_id = :build_id
    ORDER BY p.ordinal
    LIMIT 1
) first ON true
WHERE f.workspace_id = :workspace_id AND f.id = :file_id;

-- name: end_file
-- unscoped: the worker writes what its job names
UPDATE file
SET state = :state, reason_code = :reason_code, reason = :reason, remedy = :remedy, stage = '', finished_at = now(),
    segments_total = coalesce(segments_total, segments_done)
WHERE workspace_id = :workspace_id AND id = :file_id AND version = :version;

-- name: bury_file
-- unscoped: the worker writes what its job names
-- The job ended without its body's own last word: its worker vanished twice, or it was tried too often.
UPDATE file
SET state = 'failed', reason_code = :reason_code, reason = :reason, remedy = :remedy, stage = '', finished_at = now()
FROM file_version v
WHERE v.workspace_id = :workspace_id AND v.id = :version_id
    AND file.workspace_id = :workspace_id AND file.id = v.file_id AND file.version = v.version
    AND file.state IN ('queued', 'processing')
RETURNING file.id;

-- name: list_message_passages
-- unscoped: the worker reads what its job names
-- Messages' passages that have no vector in this generation, with their text.
SELECT p.id, substr(m.content, p.span_start + 1, p.span_end - p.span_start) AS text
FROM passage p
JOIN message m ON m.workspace_id = :workspace_id AND m.id = p.message_id AND m.deleted_at IS NULL
WHERE p.workspace_id = :workspace_id
    AND p.message_id = ANY (:message_ids::uuid[])
    AND NOT EXISTS (SELECT 1 FROM embedding e
        WHERE e.workspace_id = :workspace_id AND e.generation_id = :generation_id AND e.passage_id = p.id)
ORDER BY p.message_id, p.ordinal;

-- name: reuse_vectors
-- unscoped: vectors of equal texts within one workspace; the rows are found again only through their own passages
-- Equal texts have equal vectors: take the one that is there.
INSERT INTO embedding (workspace_id, passage_id, generation_id, vector)
SELECT :workspace_id, fresh.id, :generation_id, known.vector
FROM passage fresh
CROSS JOIN LATERAL (
    SELECT e.vector
    FROM passage same
    JOIN embedding e ON e.workspace_id = :workspace_id AND e.generation_id = :generation_id AND e.passage_id = same.id
    WHERE same.workspace_id = :workspace_id AND same.text_hash = fresh.text_hash AND same.id <> fresh.id
    LIMIT 1
) AS known
WHERE fresh.workspace_id = :workspace_id AND fresh.id = ANY (:passage_ids::uuid[])
ON CONFLICT DO NOTHING
RETURNING passage_id;
