-- What could not leave: the place it had in the outbox, and why it stays. `body` names by numbers
-- what was to leave and to whom; texts and addresses are put in only when something leaves.
CREATE TABLE outreach_dead_letters (
    position BIGINT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    channel TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    died_at BIGINT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX outreach_dead_letters_of ON outreach_dead_letters (workspace, died_at);
