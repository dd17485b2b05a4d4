-- Files: what an upload writes, how a file is read and listed, the bin. Reading and indexing are ingest.sql.

-- name: keep_blob
-- The key of these bytes in the workspace: the one given, or that of equal bytes which are there already.
INSERT INTO blob (workspace_id, sha256, size_bytes, key)
VALUES (:workspace_id, :sha256, :size_bytes, :key)
ON CONFLICT (workspace_id, sha256) DO UPDATE SET size_bytes = EXCLUDED.size_bytes
RETURNING key;

-- name: find_same_file
-- unscoped: a file of who asks
-- Their own file of these bytes at this place, uploaded itself: sent again, it is there already.
SELECT f.id AS file_id, v.id AS version_id, false AS is_new
FROM file_version v
JOIN file f ON f.workspace_id = v.workspace_id AND f.id = v.file_id AND f.version = v.version
JOIN item i ON i.workspace_id = v.workspace_id AND i.id = v.file_id
WHERE v.workspace_id = :workspace_id AND v.sha256 = :sha256
    AND i.owner_id = :account_id AND i.title = :name AND i.deleted_at IS NULL
    AND f.folder = :folder AND f.parent_id IS NULL
ORDER BY f.id
LIMIT 1;

-- name: find_last_job
-- unscoped: the version was found in this transaction
-- Of a version's jobs, the one that read it last, or is going to.
SELECT j.id
FROM job j
WHERE j.workspace_id = :workspace_id AND j.kind = 'ingest_file' AND j.subject_id = :version_id
ORDER BY j.id DESC
LIMIT 1;

-- name: create_file
-- unscoped: the rows are made here, and belong to who asks
WITH new_item AS (
    INSERT INTO item (workspace_id, id, kind, owner_id, title, extension)
    VALUES (:workspace_id, :file_id, 'file', :account_id, :name, :extension)
), new_grant AS (
    INSERT INTO access_grant (workspace_id, item_id, principal_id, role)
    VALUES (:workspace_id, :file_id, :account_id, 'owner')
), new_file AS (
    INSERT INTO file (workspace_id, id, folder, state)
    VALUES (:workspace_id, :file_id, :folder, 'queued')
), noted AS (
    INSERT INTO audit (workspace_id, id, account_id, action, object_id)
    VALUES (:workspace_id, :audit_id, :account_id, 'file.upload', :file_id)
)
INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name, account_id)
VALUES (:workspace_id, :version_id, :file_id, 1, :sha256, :size_bytes, :name, :account_id);

-- name: take_turn_at_file
-- Versions of one file are made one after the other, until the end of the transaction: what an If-Match names is then still so.
SELECT FROM pg_advisory_xact_lock(hashtextextended(:file_id::uuid::text, 0));

-- name: add_version
-- unscoped: find_file has asked the predicate in this transaction
-- The build of the version before stays what search uses until the new one is whole.
WITH raised AS (
    UPDATE file
    SET version = version + 1, state = 'queued', stage = '', reason_code = '', reason = '', remedy = '', started_at = NULL,
        finished_at = NULL
    WHERE workspace_id = :workspace_id AND id = :file_id
    RETURNING version
), named AS (
    UPDATE item SET title = :name, extension = :extension, updated_at = now()
    WHERE workspace_id = :workspace_id AND id = :file_id
), noted AS (
    INSERT INTO audit (workspace_id, id, account_id, action, object_id)
    VALUES (:workspace_id, :audit_id, :account_id, 'file.version', :file_id)
)
INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name, account_id)
SELECT :workspace_id, :version_id, :file_id, raised.version, :sha256, :size_bytes, :name, :account_id
FROM raised;

-- name: find_file
SELECT
    f.id,
    i.title AS name,
    f.folder,
    f.media_type,
    v.size_bytes,
    v.sha256,
    f.state,
    f.stage,
    f.reason_code,
    f.reason,
    f.remedy,
    f.version,
    v.id AS version_id,
    v.title,
    v.author,
    v.created,
    v.modified,
    v.language,
    f.segments_done,
    f.segments_total,
    f.passages_total,
    f.passages_embedded,
    i.owner_id,
    r.is_owner,
    r.can_write,
    (SELECT d.file_id FROM file_version d
        JOIN file df ON df.workspace_id = :workspace_id AND df.id = d.file_id AND df.version = d.version
        JOIN readable(:workspace_id, :account_id) o ON o.item_id = d.file_id
        WHERE d.workspace_id = :workspace_id AND d.sha256 = v.sha256 AND d.file_id < f.id
        ORDER BY d.file_id
        LIMIT 1) AS duplicate_of,
    p.id AS parent_id,
    p.title AS parent_name,
    f.parent_path,
    i.created_at,
    i.updated_at,
    f.started_at,
    f.finished_at
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = f.id AND v.version = f.version
LEFT JOIN item p ON p.workspace_id = :workspace_id
    AND p.id = (SELECT o.item_id FROM readable(:workspace_id, :account_id) o WHERE o.item_id = f.parent_id)
WHERE r.item_id = :file_id;

-- name: list_files
-- Newest first; the same columns as find_file.
SELECT
    f.id,
    i.title AS name,
    f.folder,
    f.media_type,
    v.size_bytes,
    v.sha256,
    f.state,
    f.stage,
    f.reason_code,
    f.reason,
    f.remedy,
    f.version,
    v.id AS version_id,
    v.title,
    v.author,
    v.created,
    v.modified,
    v.language,
    f.segments_done,
    f.segments_total,
    f.passages_total,
    f.passages_embedded,
    i.owner_id,
    r.is_owner,
    r.can_write,
    (SELECT d.file_id FROM file_version d
        JOIN file df ON df.workspace_id = :workspace_id AND df.id = d.file_id AND df.version = d.version
        JOIN readable(:workspace_id, :account_id) o ON o.item_id = d.file_id
        WHERE d.workspace_id = :workspace_id AND d.sha256 = v.sha256 AND d.file_id < f.id
        ORDER BY d.file_id
        LIMIT 1) AS duplicate_of,
    p.id AS parent_id,
    p.title AS parent_name,
    f.parent_path,
    i.created_at,
    i.updated_at,
    f.started_at,
    f.finished_at
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = f.id AND v.version = f.version
LEFT JOIN item p ON p.workspace_id = :workspace_id
    AND p.id = (SELECT o.item_id FROM readable(:workspace_id, :account_id) o WHERE o.item_id = f.parent_id)
WHERE r.kind = 'file'
    AND (:states::text[] IS NULL OR f.state = ANY (:states))
    AND (:name_like::text IS NULL OR i.title ILIKE :name_like)
    AND (:sha256::bytea IS NULL OR v.sha256 = :sha256)
    AND (:parent_id::uuid IS NULL OR f.parent_id = :parent_id)
    AND (NOT :only_roots::bool OR f.parent_id IS NULL)
    AND (:before_id::uuid IS NULL OR f.id < :before_id)
ORDER BY f.id DESC
LIMIT :limit;

-- name: list_rereadable
-- Files that may be changed and are not being read, by id: those of some states, some endings of the name, of an older pipeline.
SELECT f.id, v.id AS version_id
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = f.id AND v.version = f.version
LEFT JOIN build b ON b.workspace_id = :workspace_id AND b.id = r.active_build_id
WHERE r.kind = 'file' AND r.can_write
    AND f.state NOT IN ('queued', 'processing')
    AND (:states::text[] IS NULL OR f.state = ANY (:states))
    AND (:extensions::text[] IS NULL OR i.extension = ANY (:extensions))
    AND (NOT :is_stale::boolean OR b.pipeline_version < :pipeline_version)
    AND (:after::uuid IS NULL OR f.id > :after)
ORDER BY f.id
LIMIT :limit;

-- name: list_deleted_files
-- unscoped: the owner's own bin, which readable() leaves out
SELECT i.id, i.title AS name, f.folder, f.state, i.created_at, i.deleted_at
FROM item i
JOIN file f ON f.workspace_id = i.workspace_id AND f.id = i.id
JOIN membership m ON m.workspace_id = i.workspace_id AND m.account_id = i.owner_id
WHERE i.workspace_id = :workspace_id
    AND i.owner_id = :account_id
    AND i.deleted_at IS NOT NULL
    AND (:before_id::uuid IS NULL OR i.id < :before_id)
ORDER BY i.id DESC
LIMIT :limit;

-- name: list_problems
-- Of the build that search uses; the first hundred, with how many there are.
SELECT p.page, p.code, p.message, p.remedy, count(*) OVER () AS total
FROM readable(:workspace_id, :account_id) r
JOIN file_problem p ON p.workspace_id = :workspace_id AND p.build_id = r.active_build_id
WHERE r.item_id = :file_id
ORDER BY p.ordinal
LIMIT 100;

-- name: list_searchable
-- Runs of pages without a gap whose text can be found now.
WITH pages AS (
    SELECT DISTINCT t.page
    FROM readable(:workspace_id, :account_id) r
    JOIN text_segment t ON t.workspace_id = :workspace_id AND t.build_id = r.active_build_id
    WHERE r.item_id = :file_id AND t.page IS NOT NULL
), numbered AS (
    SELECT page, page - row_number() OVER (ORDER BY page) AS island FROM pages
)
SELECT min(page) AS first, max(page) AS last
FROM numbered
GROUP BY island
ORDER BY 1;

-- name: list_versions
SELECT v.id, v.version, v.name, v.size_bytes, v.sha256, v.created_at, coalesce(v.account_id, i.owner_id) AS account_id,
    coalesce(a.name, '') AS account_name,
    EXISTS (SELECT 1 FROM build b
        WHERE b.workspace_id = :workspace_id AND b.version_id = v.id AND b.finished_at IS NOT NULL) AS has_text
FROM readable(:workspace_id, :account_id) r
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = r.item_id
LEFT JOIN account a ON a.id = coalesce(v.account_id, i.owner_id)
WHERE r.item_id = :file_id
ORDER BY v.version DESC
LIMIT 1000;

-- name: find_version
-- The bytes that a restored version has again.
SELECT v.name, v.size_bytes, v.sha256
FROM readable(:workspace_id, :account_id) r
JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = r.item_id AND v.version = :version
WHERE r.item_id = :file_id;

-- name: find_text
-- The build that holds the text of a version: the shown one if it is its own, else the last that was whole. No version named:
-- the shown one.
SELECT b.id, coalesce((SELECT max(t.span_start + length(t.content)) FROM text_segment t
    WHERE t.workspace_id = :workspace_id AND t.build_id = b.id), 0) AS characters
FROM readable(:workspace_id, :account_id) r
JOIN build b ON b.workspace_id = :workspace_id AND b.file_id = r.item_id
JOIN file_version v ON v.workspace_id = :workspace_id AND v.id = b.version_id
WHERE r.item_id = :file_id
    AND CASE WHEN :version::int IS NULL THEN b.id = r.active_build_id
        ELSE v.version = :version AND (b.finished_at IS NOT NULL OR b.id = r.active_build_id) END
ORDER BY b.id = r.active_build_id DESC, b.created_at DESC, b.id DESC
LIMIT 1;

-- name: find_content
-- The bytes of the current version, or of the one that is named.
SELECT v.name, v.size_bytes, v.sha256, b.key
FROM readable(:workspace_id, :account_id) r
JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = f.id AND v.version = coalesce(:version::int, f.version)
JOIN blob b ON b.workspace_id = :workspace_id AND b.sha256 = v.sha256
WHERE r.item_id = :file_id;

-- name: list_text
-- The segments of a build that touch a stretch of code points or are on a page, with where each begins in the whole text.
SELECT t.page, t.label, t.span_start, t.content
FROM readable(:workspace_id, :account_id) r
JOIN build b ON b.workspace_id = :workspace_id AND b.file_id = r.item_id AND b.id = :build_id
JOIN text_segment t ON t.workspace_id = :workspace_id AND t.build_id = b.id
WHERE r.item_id = :file_id
    AND (:page::int IS NULL OR t.page = :page)
    AND t.span_start < :span_end::int
    AND t.span_start + length(t.content) > :span_start::int
ORDER BY t.ordinal;

-- name: list_passages
SELECT
    p.id,
    p.ordinal,
    p.span_start,
    p.span_end,
    p.page_first,
    p.page_last,
    p.headings,
    p.lang,
    coalesce(
        (SELECT substr(string_agg(t.content, '' ORDER BY t.ordinal), p.span_start - min(t.span_start) + 1, p.span_end - p.span_start)
            FROM text_segment t
            WHERE t.workspace_id = :workspace_id AND t.build_id = p.build_id AND t.span_start < p.span_end
                AND t.span_start + length(t.content) > p.span_start),
        '') AS text
FROM readable(:workspace_id, :account_id) r
JOIN passage p ON p.workspace_id = :workspace_id AND p.item_id = r.item_id AND p.build_id = r.active_build_id
WHERE r.item_id = :file_id
    AND p.ordinal > :after
ORDER BY p.ordinal
LIMIT :limit;

-- name: delete_file
-- Into the bin: nobody sees it from now on, its owner can bring it back.
WITH gone AS (
    UPDATE item SET deleted_at = now()
    FROM readable(:workspace_id, :account_id) r
    WHERE item.workspace_id = :workspace_id AND item.id = r.item_id AND r.item_id = :file_id AND r.is_owner
    RETURNING item.id
), noted AS (
    INSERT INTO audit (workspace_id, id, account_id, action, object_id)
    SELECT :workspace_id, :audit_id, :account_id, 'file.delete', gone.id FROM gone
)
SELECT id FROM gone;

-- name: note_restore
-- unscoped: out of the owner's own bin, which readable() leaves out
-- The file that is about to come back, with what was found in it (children.sql).
WITH back AS (
    SELECT i.id FROM item i
    JOIN membership m ON m.workspace_id = i.workspace_id AND m.account_id = i.owner_id
    WHERE i.workspace_id = :workspace_id AND i.id = :file_id AND i.kind = 'file' AND i.owner_id = :account_id
        AND i.deleted_at IS NOT NULL
    FOR UPDATE OF i
), noted AS (
    INSERT INTO audit (workspace_id, id, account_id, action, object_id)
    SELECT :workspace_id, :audit_id, :account_id, 'file.restore', back.id FROM back
)
SELECT id FROM back;

-- name: find_own_file
-- unscoped: the owner's own file, in the bin or not
SELECT i.id
FROM item i
JOIN membership m ON m.workspace_id = i.workspace_id AND m.account_id = i.owner_id
WHERE i.workspace_id = :workspace_id AND i.id = :file_id AND i.kind = 'file' AND i.owner_id = :account_id;

-- name: list_builds
-- unscoped: find_own_file has found the owner's own file
SELECT id FROM build WHERE workspace_id = :workspace_id AND file_id = :file_id;

-- name: erase_quotes
-- unscoped: find_own_file has found the owner's own file
UPDATE citation SET quote = '', title = '', headings = '{}' WHERE workspace_id = :workspace_id AND item_id = :file_id;

-- name: erase_file
-- unscoped: find_own_file has found the owner's own file
-- All rows hang on this one; bytes that no version names are removed by the worker.
WITH noted AS (
    INSERT INTO audit (workspace_id, id, account_id, action, object_id)
    VALUES (:workspace_id, :audit_id, :account_id, 'file.erase', :file_id)
)
DELETE FROM item WHERE workspace_id = :workspace_id AND id = :file_id;

-- name: list_near_duplicates
-- Files of other bytes that hold most of the same passages: equal texts have equal hashes, and the lowest 200 of a file are a sample
-- of it. The lengths must be near too, so that a file that is contained in a long one is none.
WITH mine AS MATERIALIZED (
    SELECT DISTINCT p.text_hash
    FROM readable(:workspace_id, :account_id) r
    JOIN passage p ON p.workspace_id = :workspace_id AND p.item_id = r.item_id AND p.build_id = r.active_build_id
    WHERE r.item_id = :file_id
    ORDER BY p.text_hash
    LIMIT 200
), likely AS MATERIALIZED (
    -- Before asking who may see what: an item that shares most of the sample in any of its builds. Of a text that stands everywhere
    -- some places are enough.
    SELECT seen.item_id
    FROM mine
    CROSS JOIN LATERAL (
        SELECT p.item_id
        FROM passage p
        WHERE p.workspace_id = :workspace_id AND p.text_hash = mine.text_hash AND p.item_id <> :file_id AND p.message_id IS NULL
        LIMIT 100
    ) AS seen
    GROUP BY seen.item_id
    HAVING count(DISTINCT mine.text_hash) >= :share::float8 * (SELECT count(*) FROM mine)
    LIMIT 100
)
SELECT f.id, i.title AS name, (shared.passages::float8 / (SELECT count(*) FROM mine))::float8 AS share
FROM likely
JOIN readable(:workspace_id, :account_id) r ON r.item_id = likely.item_id
JOIN item i ON i.workspace_id = :workspace_id AND i.id = r.item_id
JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = f.id AND v.version = f.version
JOIN file own ON own.workspace_id = :workspace_id AND own.id = :file_id
JOIN file_version ov ON ov.workspace_id = :workspace_id AND ov.file_id = own.id AND ov.version = own.version
CROSS JOIN LATERAL (
    SELECT count(DISTINCT p.text_hash) AS passages
    FROM passage p
    WHERE p.workspace_id = :workspace_id AND p.item_id = f.id AND p.build_id = r.active_build_id
        AND p.text_hash IN (SELECT mine.text_hash FROM mine)
) AS shared
WHERE v.sha256 <> ov.sha256
    AND shared.passages >= :share::float8 * (SELECT count(*) FROM mine)
    AND least(f.passages_total, own.passages_total) >= :share::float8 * greatest(f.passages_total, own.passages_total)
ORDER BY share DESC, f.id
LIMIT 5;
