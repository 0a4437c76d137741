-- Segments: whom a rule holds for. Times are microseconds.
CREATE TABLE pipeline_segments (
    workspace BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    about TEXT NOT NULL,
    rule TEXT NOT NULL,
    -- Counts the changes of the rule.
    version BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- When it was put away; whoever was in it is not followed any more.
    archived_at BIGINT,
    PRIMARY KEY (workspace, id)
);

-- Who entered and left a segment, and when; of several rows the one at the last position holds.
CREATE TABLE pipeline_memberships (
    workspace BIGINT NOT NULL,
    node BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    entered BIGINT NOT NULL,
    PRIMARY KEY (workspace, node, segment, position)
);

-- How many entered and left on each day since 1970, UTC.
CREATE TABLE pipeline_segment_days (
    workspace BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    day BIGINT NOT NULL,
    entered BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    PRIMARY KEY (workspace, segment, day)
);
