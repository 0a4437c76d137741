-- What was told of somebody: one row for each value of a trait under each identifier. Times are microseconds.
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
);
