-- What changes with every interaction stands in narrow rows, kept in the order in which a batch writes them; what
-- somebody is named by stands in wide rows, which seldom change. All of it follows from facts and is made from them
-- again. Times are microseconds.
DROP TABLE customers_nodes;
CREATE TABLE customers_nodes (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    customer BIGINT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    -- The value as people type it into the search, lower case.
    search TEXT NOT NULL,
    name TEXT,
    name_search TEXT,
    name_at BIGINT,
    PRIMARY KEY (workspace, node)
);
CREATE INDEX customers_nodes_customer ON customers_nodes (workspace, customer);
CREATE INDEX customers_nodes_search ON customers_nodes (workspace, search);
CREATE INDEX customers_nodes_name ON customers_nodes (workspace, name_search) WHERE name_search IS NOT NULL;

-- When each identifier was seen, and how often.
CREATE TABLE customers_seen (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    interactions BIGINT NOT NULL,
    PRIMARY KEY (workspace, node)
) WITHOUT ROWID;

-- The last answer under each identifier.
CREATE TABLE customers_scores (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    kind TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    min DOUBLE PRECISION NOT NULL,
    max DOUBLE PRECISION NOT NULL,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, node)
) WITHOUT ROWID;

-- The evidence of each link: the earliest fact in which both identifiers stood.
DROP TABLE customers_links;
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
    -- The last day, from 1970, on which a telephone number still stood with somebody: numbers change hands.
    last_day BIGINT NOT NULL,
    PRIMARY KEY (workspace, a, b)
) WITHOUT ROWID;
CREATE INDEX customers_links_b ON customers_links (workspace, b);
-- How many links were made in an hour is compared with the hours before.
CREATE INDEX customers_links_time ON customers_links (workspace, occurred_at);

-- What was told of somebody: one row for each value of a trait under each identifier.
DROP TABLE customers_traits;
CREATE TABLE customers_traits (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- What the value is told from others by: itself, or a keyed hash where it is encrypted.
    said TEXT NOT NULL,
    value TEXT NOT NULL,
    first_said BIGINT NOT NULL,
    last_said BIGINT NOT NULL,
    -- Who told it first, and in which frame of the ledger.
    source TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (workspace, node, name, said)
) WITHOUT ROWID;

-- What somebody is called, as keyed hashes of words that tell nothing but whether two names are alike.
DROP TABLE customers_called;
CREATE TABLE customers_called (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    called TEXT NOT NULL,
    first_said BIGINT NOT NULL,
    PRIMARY KEY (workspace, node, called)
) WITHOUT ROWID;
