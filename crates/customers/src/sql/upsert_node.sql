-- What a batch saw under one identifier joins what was seen before. The earlier time wins for
-- `first_seen`, the later one for everything that is "last".
INSERT INTO customers_nodes (
    workspace, node, customer, kind, value, search, first_seen, last_seen, interactions,
    name, name_search, name_at, score_kind, score_value, score_min, score_max, score_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (workspace, node) DO UPDATE SET
    customer = excluded.customer,
    first_seen = CASE WHEN excluded.first_seen < customers_nodes.first_seen THEN excluded.first_seen ELSE customers_nodes.first_seen END,
    last_seen = CASE WHEN excluded.last_seen > customers_nodes.last_seen THEN excluded.last_seen ELSE customers_nodes.last_seen END,
    interactions = customers_nodes.interactions + excluded.interactions,
    name = CASE WHEN excluded.name_at >= COALESCE(customers_nodes.name_at, excluded.name_at) THEN excluded.name ELSE customers_nodes.name END,
    name_search = CASE WHEN excluded.name_at >= COALESCE(customers_nodes.name_at, excluded.name_at) THEN excluded.name_search ELSE customers_nodes.name_search END,
    name_at = CASE WHEN excluded.name_at >= COALESCE(customers_nodes.name_at, excluded.name_at) THEN excluded.name_at ELSE customers_nodes.name_at END,
    score_kind = CASE WHEN excluded.score_at >= COALESCE(customers_nodes.score_at, excluded.score_at) THEN excluded.score_kind ELSE customers_nodes.score_kind END,
    score_value = CASE WHEN excluded.score_at >= COALESCE(customers_nodes.score_at, excluded.score_at) THEN excluded.score_value ELSE customers_nodes.score_value END,
    score_min = CASE WHEN excluded.score_at >= COALESCE(customers_nodes.score_at, excluded.score_at) THEN excluded.score_min ELSE customers_nodes.score_min END,
    score_max = CASE WHEN excluded.score_at >= COALESCE(customers_nodes.score_at, excluded.score_at) THEN excluded.score_max ELSE customers_nodes.score_max END,
    score_at = CASE WHEN excluded.score_at >= COALESCE(customers_nodes.score_at, excluded.score_at) THEN excluded.score_at ELSE customers_nodes.score_at END
