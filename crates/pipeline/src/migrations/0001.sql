-- The secret of message keys, made once with the data directory.
CREATE TABLE pipeline_instance (
    one BIGINT PRIMARY KEY,
    key_secret TEXT NOT NULL
);

CREATE TABLE pipeline_workspaces (
    id BIGINT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    currency TEXT NOT NULL,
    week_start BIGINT NOT NULL,
    margin DOUBLE PRECISION,
    node_secret TEXT NOT NULL,
    buckets BIGINT NOT NULL
);

-- Designed journeys, as JSON.
CREATE TABLE pipeline_journeys (
    workspace BIGINT NOT NULL,
    key TEXT NOT NULL,
    rank BIGINT NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (workspace, key)
);

-- Every received interaction in exactly one of four columns.
CREATE TABLE pipeline_sources (
    workspace BIGINT NOT NULL,
    source TEXT NOT NULL,
    accepted BIGINT NOT NULL,
    duplicate BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    quarantined BIGINT NOT NULL,
    last_received BIGINT NOT NULL,
    PRIMARY KEY (workspace, source)
);

CREATE TABLE pipeline_reasons (
    workspace BIGINT NOT NULL,
    source TEXT NOT NULL,
    code TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (workspace, source, code)
);

-- What was kept aside, by its place in the ledger.
CREATE TABLE pipeline_quarantine (
    position BIGINT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    source TEXT NOT NULL,
    code TEXT NOT NULL,
    message_id TEXT NOT NULL
);

-- The names behind the keyed hashes that the timelines hold.
CREATE TABLE pipeline_attributes (
    workspace BIGINT NOT NULL,
    hash BIGINT NOT NULL,
    dimension TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (workspace, hash)
);

-- Identity changes and erasures that the files of the timeline do not have yet.
CREATE TABLE pipeline_changes (
    workspace BIGINT NOT NULL,
    position BIGINT NOT NULL,
    number BIGINT NOT NULL,
    node BIGINT NOT NULL,
    before BIGINT NOT NULL,
    after BIGINT NOT NULL,
    PRIMARY KEY (workspace, position, number)
);

-- Erasures whose payloads in the ledger may not all be overwritten yet.
CREATE TABLE pipeline_erasures (
    position BIGINT PRIMARY KEY,
    workspace BIGINT NOT NULL
);
