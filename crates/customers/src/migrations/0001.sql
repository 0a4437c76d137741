-- Every identifier seen, and what was seen under it: one row per node. Times are microseconds.
CREATE TABLE customers_nodes (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    customer BIGINT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    -- The value as people type it into the search, lower case.
    search TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    interactions BIGINT NOT NULL,
    name TEXT,
    name_search TEXT,
    name_at BIGINT,
    score_kind TEXT,
    score_value DOUBLE PRECISION,
    score_min DOUBLE PRECISION,
    score_max DOUBLE PRECISION,
    score_at BIGINT,
    PRIMARY KEY (workspace, node)
);
CREATE INDEX customers_nodes_customer ON customers_nodes (workspace, customer);
CREATE INDEX customers_nodes_seen ON customers_nodes (workspace, last_seen, node);
CREATE INDEX customers_nodes_search ON customers_nodes (workspace, search);
CREATE INDEX customers_nodes_name ON customers_nodes (workspace, name_search);

-- The evidence of each link: the earliest fact in which both identifiers stood.
CREATE TABLE customers_links (
    workspace BIGINT NOT NULL,
    a BIGINT NOT NULL,
    b BIGINT NOT NULL,
    a_kind TEXT NOT NULL,
    b_kind TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    source_seq BIGINT NOT NULL,
    message_prefix BIGINT NOT NULL,
    message_hash BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (workspace, a, b)
);
CREATE INDEX customers_links_b ON customers_links (workspace, b);

-- What people decided: these two are not to be joined directly.
CREATE TABLE customers_cuts (
    workspace BIGINT NOT NULL,
    a BIGINT NOT NULL,
    b BIGINT NOT NULL,
    PRIMARY KEY (workspace, a, b)
);

-- Nodes of erased people: whatever still arrives under them is rejected.
CREATE TABLE customers_erased (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (workspace, node)
);
