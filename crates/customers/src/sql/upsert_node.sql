-- What a batch saw under one identifier joins what was seen before. The customer of a node that is
-- known changes with the moves only, and names and scores are told apart: every column set here has
-- its index written again, changed or not.
INSERT INTO customers_nodes (
    workspace, node, customer, kind, value, search, first_seen, last_seen, interactions
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (workspace, node) DO UPDATE SET
    first_seen = CASE WHEN excluded.first_seen < customers_nodes.first_seen THEN excluded.first_seen ELSE customers_nodes.first_seen END,
    last_seen = CASE WHEN excluded.last_seen > customers_nodes.last_seen THEN excluded.last_seen ELSE customers_nodes.last_seen END,
    interactions = customers_nodes.interactions + excluded.interactions
