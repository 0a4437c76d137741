-- The key that signs receipts, wrapped with the master key; empty until it is made at the next start.
ALTER TABLE pipeline_instance ADD COLUMN receipt_key TEXT NOT NULL DEFAULT '';

-- What was erased, signed: `receipt` is what the signature is of, to the byte. It names nobody.
CREATE TABLE pipeline_receipts (
    id TEXT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    -- person or file.
    kind TEXT NOT NULL,
    -- The file that named the person; empty for none.
    run TEXT NOT NULL,
    -- The erasure's place in the ledger; 0 for a file.
    position BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    interactions BIGINT NOT NULL,
    receipt TEXT NOT NULL,
    signature TEXT NOT NULL,
    public_key TEXT NOT NULL
);
CREATE INDEX pipeline_receipts_of ON pipeline_receipts (workspace, made_at);
CREATE INDEX pipeline_receipts_run ON pipeline_receipts (workspace, run);

-- What was kept for as long as a rule says: how many interactions a frame of the ledger lets go.
CREATE TABLE pipeline_retired (
    -- Made of rule, day and the first position that goes: doing it twice is doing it once.
    id TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    workspace BIGINT NOT NULL,
    rule BIGINT NOT NULL,
    -- The rule in words, as it was then.
    words TEXT NOT NULL,
    -- The day on which it was due, as in 2026-03-01.
    day TEXT NOT NULL,
    -- erase or strip.
    becomes TEXT NOT NULL,
    interactions BIGINT NOT NULL
);
CREATE INDEX pipeline_retired_of ON pipeline_retired (workspace, day);
