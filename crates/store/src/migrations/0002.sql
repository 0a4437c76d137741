-- Which data directory a database belongs to, where it does not lie in it itself.
CREATE TABLE store_instance (
    one BIGINT PRIMARY KEY,
    instance TEXT NOT NULL,
    directory TEXT NOT NULL
);
