-- What each event is to say, as JSON.
CREATE TABLE pipeline_plans (
    workspace BIGINT NOT NULL,
    event TEXT NOT NULL,
    plan TEXT NOT NULL,
    PRIMARY KEY (workspace, event)
);

-- What else is asked of what arrives, as JSON.
CREATE TABLE pipeline_doors (
    workspace BIGINT PRIMARY KEY,
    rules TEXT NOT NULL
);

-- The last word of a node about a purpose: every no, and a yes where it matters.
CREATE TABLE pipeline_consents (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    allowed BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (workspace, node, purpose)
);
