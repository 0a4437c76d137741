-- A message that was kept aside is asked for by its id.
CREATE INDEX pipeline_quarantine_by_id ON pipeline_quarantine (workspace, message_id);
