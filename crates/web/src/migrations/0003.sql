-- What a brand tries against a pain point. `figure` names it as addresses do, `starts` and `ends` are
-- days as in 2026-03-01, `target` is the share that `aim` is to come down to.
CREATE TABLE web_initiatives (
    id BIGINT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    title TEXT NOT NULL,
    what TEXT NOT NULL,
    owner TEXT NOT NULL,
    cost BIGINT NOT NULL,
    journey TEXT NOT NULL,
    figure TEXT NOT NULL,
    aim TEXT NOT NULL,
    target DOUBLE PRECISION NOT NULL,
    starts TEXT NOT NULL,
    ends TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
CREATE INDEX web_initiatives_workspace ON web_initiatives (workspace, state);

-- Links by which customers are asked: about the interaction at a position of the ledger, which alone
-- knows who that is. One link a position and question.
CREATE TABLE web_asks (
    workspace BIGINT NOT NULL,
    position BIGINT NOT NULL,
    question TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    asked_by TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    answered_at BIGINT,
    PRIMARY KEY (workspace, position, question)
);

-- Secrets of a workspace that sign what leaves the house, in hexadecimal.
CREATE TABLE web_secrets (
    workspace BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    secret TEXT NOT NULL,
    PRIMARY KEY (workspace, purpose)
);
