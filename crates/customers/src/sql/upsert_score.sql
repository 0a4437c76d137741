-- The latest answer wins; of two given at the same time the greater one, whatever came first.
INSERT INTO customers_scores (workspace, node, kind, value, min, max, answered_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (workspace, node) DO UPDATE SET
    kind = excluded.kind, value = excluded.value, min = excluded.min, max = excluded.max, answered_at = excluded.answered_at
WHERE (customers_scores.answered_at, customers_scores.kind, customers_scores.value, customers_scores.min, customers_scores.max)
    < (excluded.answered_at, excluded.kind, excluded.value, excluded.min, excluded.max)
