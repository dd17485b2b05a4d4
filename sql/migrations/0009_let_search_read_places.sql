-- requires: roles
-- Messages that were found lend their neighbours a share of their scores (search/neighbours.py): the role that reads the index
-- sees at which place of a conversation a message stands, and none of its words.

CREATE POLICY index_reader ON message FOR SELECT TO recollect_search USING (true);
GRANT SELECT (workspace_id, id, seq) ON message TO recollect_search;
