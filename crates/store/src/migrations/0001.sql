-- How far each reader of the ledger has come, in the same transaction as the rows it wrote.
CREATE TABLE store_positions (
    reader TEXT PRIMARY KEY,
    position BIGINT NOT NULL
);

-- Durable timers: at `due` (microseconds), `rule` looks at `subject` again. The id of what a timer
-- causes is made from these three, so that a replay meets it as a duplicate.
CREATE TABLE store_timers (
    workspace BIGINT NOT NULL,
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    due BIGINT NOT NULL,
    PRIMARY KEY (workspace, rule, subject, due)
);
CREATE INDEX store_timers_due ON store_timers (due);

-- What leaves the house, once, by its own position: a replay of the ledger writes nothing here
-- that is here already.
CREATE TABLE store_outbox (
    position BIGINT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    dedup_key TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    not_before BIGINT NOT NULL DEFAULT 0,
    left_at BIGINT,
    failure TEXT
);
CREATE INDEX store_outbox_waiting ON store_outbox (not_before) WHERE left_at IS NULL;
