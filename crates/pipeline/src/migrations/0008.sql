-- What names whom, and what keeps people apart, where a workspace has its own rules.
CREATE TABLE pipeline_identity (
    workspace BIGINT NOT NULL PRIMARY KEY,
    rules TEXT NOT NULL
);
