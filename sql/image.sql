-- The images that a question is asked with.

-- name: list_attached
-- Of these files, those that the asker may read now, in the order given, as they are now.
SELECT
    r.item_id AS file_id,
    v.version,
    v.name,
    v.size_bytes,
    b.key,
    EXISTS (SELECT FROM message_attachment t
        WHERE t.workspace_id = :workspace_id AND t.message_id = :message_id AND t.file_id = r.item_id) AS is_asked
FROM unnest(:ids::uuid[]) WITH ORDINALITY AS w (id, place)
JOIN readable(:workspace_id, :account_id) r ON r.item_id = w.id
JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = f.id AND v.version = f.version
JOIN blob b ON b.workspace_id = :workspace_id AND b.sha256 = v.sha256
ORDER BY w.place;
