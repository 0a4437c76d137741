-- The decision about a message that was kept aside: its place in the ledger, 0 while there is none. The
-- row stays, so that an erasure finds the message.
ALTER TABLE pipeline_quarantine ADD COLUMN decided BIGINT NOT NULL DEFAULT 0;
-- A message that was kept aside is asked for by its id.
CREATE INDEX pipeline_quarantine_by_id ON pipeline_quarantine (workspace, message_id);
