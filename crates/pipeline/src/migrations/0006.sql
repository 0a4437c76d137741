-- Every word about a purpose, as facts told them, under the node of the fact: who told it and in which words stands
-- in the ledger at that position. Times are microseconds.
CREATE TABLE pipeline_consent_words (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    position BIGINT NOT NULL,
    allowed BIGINT NOT NULL,
    PRIMARY KEY (workspace, node, purpose, occurred_at, position)
);
