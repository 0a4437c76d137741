-- An initiative may be about those only that met, or did not meet, one value of a dimension.
ALTER TABLE web_initiatives ADD COLUMN met_dimension TEXT;
ALTER TABLE web_initiatives ADD COLUMN met_value TEXT;
-- 1 for those that met it, 0 for the others.
ALTER TABLE web_initiatives ADD COLUMN met_with BIGINT;

-- Where a shop's own systems deliver what happened. The secret is kept as it is, because a signature
-- cannot be checked by a hash of it.
CREATE TABLE web_hooks (
    -- 32 hexadecimal digits, part of the address.
    id TEXT PRIMARY KEY,
    workspace BIGINT NOT NULL,
    source TEXT NOT NULL,
    -- shopify, woocommerce, stripe, or recipe.
    kind TEXT NOT NULL,
    secret TEXT NOT NULL,
    -- How a delivery is read, where the kind is recipe.
    recipe TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);
CREATE INDEX web_hooks_source ON web_hooks (workspace, source);
