-- Addresses that somebody opens: codes on packaging, short links, links and pictures in mails and adverts,
-- kiosks.
CREATE TABLE web_links (
    -- Eight letters and digits, the whole address but for the host.
    code TEXT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Where it leads; empty where it asks a question, or is a picture.
    target TEXT NOT NULL,
    -- stars, nps or ces; empty where nothing is asked.
    question TEXT NOT NULL,
    -- What it is about, such as product and lamp; empty for nothing.
    about_kind TEXT NOT NULL,
    about_value TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);
CREATE INDEX web_links_workspace ON web_links (workspace, created_at);
-- How often it was opened, by day.
CREATE TABLE web_link_days (
    code TEXT NOT NULL,
    -- Days since 1970.
    day BIGINT NOT NULL,
    people BIGINT NOT NULL,
    -- Crawlers, scanners of mails, what a browser fetched ahead.
    machines BIGINT NOT NULL,
    PRIMARY KEY (code, day)
);
