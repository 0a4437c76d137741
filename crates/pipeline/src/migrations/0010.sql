-- Rows that are hardly more than their key stand in its order, once. All of them follow from facts and are made from
-- them again. Times are microseconds.
DROP TABLE pipeline_memberships;
CREATE TABLE pipeline_memberships (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    entered BIGINT NOT NULL,
    PRIMARY KEY (workspace, node, segment, position)
) WITHOUT ROWID;

DROP TABLE pipeline_attributes;
CREATE TABLE pipeline_attributes (
    workspace BIGINT NOT NULL,
    hash BIGINT NOT NULL,
    dimension TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (workspace, hash)
) WITHOUT ROWID;

DROP TABLE pipeline_consent_words;
CREATE TABLE pipeline_consent_words (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    position BIGINT NOT NULL,
    allowed BIGINT NOT NULL,
    PRIMARY KEY (workspace, node, purpose, occurred_at, position)
) WITHOUT ROWID;
