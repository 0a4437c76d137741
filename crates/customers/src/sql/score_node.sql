-- The latest answer wins; of two given at the same time the greater one, whatever came first.
UPDATE customers_nodes SET score_kind = $1, score_value = $2, score_min = $3, score_max = $4, score_at = $5
WHERE workspace = $6 AND node = $7
    AND (score_at IS NULL OR (score_at, score_kind, score_value, score_min, score_max) < ($8, $9, $10, $11, $12))
