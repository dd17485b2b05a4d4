-- requires: roles
-- The facets of a search count files by folder, as the role that reads the index.

CREATE POLICY index_reader ON file FOR SELECT TO recollect_search USING (true);
GRANT SELECT (workspace_id, id, folder) ON file TO recollect_search;
