-- Pairs of customers who may be one person, as the last look found them: their strongest identifiers, how probable
-- it is, and how each column compared. No name stands here. Times are microseconds; 0 is never.
CREATE TABLE pipeline_pairs (
    workspace BIGINT NOT NULL,
    a BIGINT NOT NULL,
    b BIGINT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    compared TEXT NOT NULL,
    put_off_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, a, b)
);

-- What is to be done with pairs, and how the last look went.
CREATE TABLE pipeline_matching (
    workspace BIGINT PRIMARY KEY,
    -- Pairs that are as good as certain are joined without asking anybody.
    automatic BIGINT NOT NULL DEFAULT 0,
    ran_at BIGINT NOT NULL DEFAULT 0,
    customers BIGINT NOT NULL DEFAULT 0,
    records BIGINT NOT NULL DEFAULT 0,
    too_little BIGINT NOT NULL DEFAULT 0,
    too_many BIGINT NOT NULL DEFAULT 0,
    pairs BIGINT NOT NULL DEFAULT 0,
    joined BIGINT NOT NULL DEFAULT 0
);
