-- People who may open the console. `password` is an argon2id hash in PHC form.
CREATE TABLE web_people (
    id BIGINT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

-- What a person is in a workspace; workspace 0 stands for every workspace.
CREATE TABLE web_members (
    person BIGINT NOT NULL REFERENCES web_people (id),
    workspace BIGINT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (person, workspace)
);

-- Open sessions by the SHA-256 of their token, in hexadecimal.
CREATE TABLE web_sessions (
    hash TEXT PRIMARY KEY,
    person BIGINT NOT NULL REFERENCES web_people (id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX web_sessions_person ON web_sessions (person);

-- One-time links that make an account: the first administrator's, and every later invitation.
CREATE TABLE web_invitations (
    hash TEXT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    role TEXT NOT NULL,
    note TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

-- Keys of programs. `source` is the lasting name under which their interactions stand.
CREATE TABLE web_keys (
    id BIGINT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    workspace BIGINT NOT NULL,
    source TEXT NOT NULL,
    role TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT
);

-- Who did what, to what, when, from where.
CREATE TABLE web_audit (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    workspace BIGINT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX web_audit_at ON web_audit (at);
