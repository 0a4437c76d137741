-- What was decided about two people who share no identifier: one row for each pair of nodes, the last decision.
-- No name stands here but that of whoever decided. Times are microseconds.
CREATE TABLE customers_pairings (
    workspace BIGINT NOT NULL,
    a BIGINT NOT NULL,
    b BIGINT NOT NULL,
    is_same BIGINT NOT NULL,
    -- Empty where the program decided.
    decided_by TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    -- How probable it was that they are one, and the model that said so.
    probability DOUBLE PRECISION,
    model TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (workspace, a, b)
);
CREATE INDEX customers_pairings_b ON customers_pairings (workspace, b);
