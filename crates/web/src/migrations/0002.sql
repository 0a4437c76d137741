-- What somebody promised to do about people. `subject` is a path of the console: a list or a story.
CREATE TABLE web_follow_ups (
    id BIGINT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    title TEXT NOT NULL,
    subject TEXT NOT NULL,
    customers BIGINT NOT NULL,
    note TEXT NOT NULL,
    owner TEXT NOT NULL,
    -- A day, as in 2026-03-01.
    due TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    done_at BIGINT,
    done_by TEXT NOT NULL
);
CREATE INDEX web_follow_ups_open ON web_follow_ups (workspace, done_at, due);
