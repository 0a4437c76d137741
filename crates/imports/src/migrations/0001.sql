-- Files that people brought: one row per file. Times are microseconds.
CREATE TABLE imports_runs (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace BIGINT NOT NULL,
    file TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    -- The names of the columns: files with the same ones are read in the same way.
    signature TEXT NOT NULL,
    source TEXT NOT NULL,
    -- What the person settled on, in JSON; empty until then.
    choice TEXT NOT NULL,
    state TEXT NOT NULL,
    -- The ledger before its first interaction, and after its last; 0 where not known.
    after_position BIGINT NOT NULL,
    last_position BIGINT NOT NULL,
    -- In JSON.
    counts TEXT NOT NULL,
    message TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX imports_runs_workspace ON imports_runs (workspace, id);
