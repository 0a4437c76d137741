-- The key of what is kept of a workspace, wrapped with the master key; empty until it is made at the next
-- start.
ALTER TABLE pipeline_workspaces ADD COLUMN data_key TEXT NOT NULL DEFAULT '';
-- Names and identifiers stand encrypted in the database too, and whether all rows are written so (or, with
-- 0 here, none any more).
ALTER TABLE pipeline_workspaces ADD COLUMN encrypt_names BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pipeline_workspaces ADD COLUMN names_written BIGINT NOT NULL DEFAULT 1;
