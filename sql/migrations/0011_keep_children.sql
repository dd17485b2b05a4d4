-- Files within files: attachments of mails and members of archives are files of their own, which know what they came in.

ALTER TABLE file
    ADD COLUMN parent_id uuid, -- the mail or archive that it was found in; NULL: it was uploaded itself
    ADD COLUMN parent_path text, -- its name in there, folders included; unique among the parent's children
    ADD COLUMN parent_version int, -- the parent's version that held it last; 0: the newest one lacks it
    ADD COLUMN root_id uuid, -- the uploaded file that it came with
    ADD COLUMN depth smallint NOT NULL DEFAULT 0, -- 1: found in an uploaded file
    -- Of an uploaded file: what was made of its newest version, files within its files included (ingest/children.py).
    ADD COLUMN member_count int NOT NULL DEFAULT 0,
    ADD COLUMN member_bytes bigint NOT NULL DEFAULT 0,
    -- No cascade: a file goes with its item, so whoever erases a parent erases its children's items first.
    ADD FOREIGN KEY (workspace_id, parent_id) REFERENCES file;
CREATE UNIQUE INDEX file_workspace_id_parent_id_parent_path_idx ON file (workspace_id, parent_id, parent_path)
    WHERE parent_id IS NOT NULL;
