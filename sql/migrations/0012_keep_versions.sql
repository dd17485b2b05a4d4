-- What a document says of itself, who uploaded which version, the text of older versions, and reading again from a later step.

ALTER TABLE file_version
    ADD COLUMN account_id uuid REFERENCES account, -- who uploaded it; NULL where that was never noted: the file's owner
    -- What the document says of itself, '' where it does not (Properties of ingest/extract/segment.py).
    ADD COLUMN title text NOT NULL DEFAULT '',
    ADD COLUMN author text NOT NULL DEFAULT '',
    ADD COLUMN created text NOT NULL DEFAULT '', -- ISO 8601, as precise as the document has it
    ADD COLUMN modified text NOT NULL DEFAULT '',
    ADD COLUMN language text NOT NULL DEFAULT '';

ALTER TABLE item ADD COLUMN about text NOT NULL DEFAULT ''; -- of a file: title and author of its document, searched like its name

ALTER TABLE build
    ADD COLUMN text_of uuid, -- the build whose text it was cut from; NULL: the bytes were read
    ADD COLUMN archived_at timestamptz; -- its passages are gone; its text is kept, as that of an older version
DROP INDEX build_retired_at_idx;
CREATE INDEX build_retired_at_idx ON build (retired_at) WHERE retired_at IS NOT NULL AND archived_at IS NULL;

-- Where an ingest_file job begins: with the bytes, with the text that was read before, or with the passages.
ALTER TABLE job ADD COLUMN first_step text NOT NULL DEFAULT 'extract' CHECK (first_step IN ('extract', 'chunk', 'embed'));
