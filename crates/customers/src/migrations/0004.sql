-- The last day, from 1970, on which a telephone number still stood with somebody: numbers change hands.
ALTER TABLE customers_links ADD COLUMN last_day BIGINT NOT NULL DEFAULT 0;
-- How many links were made in an hour is compared with the hours before.
CREATE INDEX customers_links_time ON customers_links (workspace, occurred_at);

-- What people decided about two identifiers, or about one, which then stands twice. Times are microseconds.
CREATE TABLE customers_decisions (
    workspace BIGINT NOT NULL,
    position BIGINT NOT NULL,
    a BIGINT NOT NULL,
    b BIGINT NOT NULL,
    ruling TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, position)
);

-- What somebody is called, as keyed hashes of words that tell nothing but whether two names are alike.
CREATE TABLE customers_called (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    called TEXT NOT NULL,
    first_said BIGINT NOT NULL,
    PRIMARY KEY (workspace, node, called)
);
