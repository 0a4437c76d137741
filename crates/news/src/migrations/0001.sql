-- Who wants the Monday page, at which hour of the workspace's zone. `sent_for` is the Monday, as in
-- 2026-03-02, for which the last one was sent; empty for none.
CREATE TABLE news_mondays (
    workspace BIGINT NOT NULL,
    person BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    since BIGINT NOT NULL,
    sent_for TEXT NOT NULL,
    PRIMARY KEY (workspace, person)
);

-- Whom to tell when something changes. `what` is new or falls; `channel` is mail, chat or hook.
CREATE TABLE news_alerts (
    id BIGINT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    what TEXT NOT NULL,
    channel TEXT NOT NULL,
    target TEXT NOT NULL,
    secret TEXT NOT NULL,
    muted_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);
CREATE INDEX news_alerts_of ON news_alerts (workspace);

-- The hours of the workspace's zone in which no alert leaves.
CREATE TABLE news_quiet (
    workspace BIGINT PRIMARY KEY,
    from_hour BIGINT NOT NULL,
    until_hour BIGINT NOT NULL
);

-- What has been said on Today, and since when: the memory that keeps alerts from repeating.
CREATE TABLE news_sentences (
    workspace BIGINT NOT NULL,
    key TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (workspace, key)
);
