-- Places on the server that are looked at again and again. Times are microseconds.
CREATE TABLE imports_places (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace BIGINT NOT NULL,
    -- A file, or a folder whose newest file is meant.
    path TEXT NOT NULL,
    every_hours BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Empty where it is to be looked at right away.
    looked_at BIGINT,
    -- Name, size and time of the file that was taken last.
    taken TEXT NOT NULL,
    -- What the last look found.
    said TEXT NOT NULL
);
