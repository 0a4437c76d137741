-- What a batch saw under one identifier joins what was seen before.
INSERT INTO customers_seen (workspace, node, first_seen, last_seen, interactions) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace, node) DO UPDATE SET
    first_seen = CASE WHEN excluded.first_seen < customers_seen.first_seen THEN excluded.first_seen ELSE customers_seen.first_seen END,
    last_seen = CASE WHEN excluded.last_seen > customers_seen.last_seen THEN excluded.last_seen ELSE customers_seen.last_seen END,
    interactions = customers_seen.interactions + excluded.interactions
