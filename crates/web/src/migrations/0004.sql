-- Pages in a state that somebody wants back: a name for a path of the console.
CREATE TABLE web_views (
    id BIGINT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    owner TEXT NOT NULL,
    -- 1 where everybody of the workspace sees it.
    shared BIGINT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX web_views_workspace ON web_views (workspace, name);
