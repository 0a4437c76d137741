-- Files that named people to be erased or exported. Times are microseconds.
CREATE TABLE rights_runs (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace BIGINT NOT NULL,
    -- erase or export.
    what TEXT NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    -- waiting, running, done or failed.
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    -- The ledger when it was begun.
    began_at BIGINT NOT NULL,
    ended_at BIGINT,
    message TEXT NOT NULL
);
CREATE INDEX rights_runs_workspace ON rights_runs (workspace, id);

-- Their lines. What stood in them is not kept: a node is a keyed hash.
CREATE TABLE rights_lines (
    run BIGINT NOT NULL,
    line BIGINT NOT NULL,
    -- In hexadecimal, separated by spaces; empty for a line that cannot be used.
    nodes TEXT NOT NULL,
    -- found, unknown, nameless, before, same, bad; later erased.
    outcome TEXT NOT NULL,
    -- What has become of it already: 0 or 1.
    done BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (run, line)
);
CREATE INDEX rights_lines_open ON rights_lines (run, done, line);

-- How long something is kept. Empty texts mean any.
CREATE TABLE rights_retention (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace BIGINT NOT NULL,
    event TEXT NOT NULL,
    channel TEXT NOT NULL,
    -- everything, words or answers.
    kind TEXT NOT NULL,
    days BIGINT NOT NULL,
    -- erase or strip.
    becomes TEXT NOT NULL,
    -- What happened until then, up to this place in the ledger, was looked at.
    looked_until BIGINT NOT NULL,
    looked_position BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);
CREATE INDEX rights_retention_of ON rights_retention (workspace, id);

-- The last day on which the rules of a workspace were applied, as in 2026-03-01.
CREATE TABLE rights_days (
    workspace BIGINT NOT NULL PRIMARY KEY,
    day TEXT NOT NULL
);
