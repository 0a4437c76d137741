-- The latest name wins; of two told at the same time the greater one, whatever came first.
UPDATE customers_nodes SET name = $1, name_search = $2, name_at = $3
WHERE workspace = $4 AND node = $5 AND (name_at IS NULL OR (name_search <> $2 AND (name_at, name) < ($3, $1)))
