-- An identifier is written when it is seen first; the customer of one that is known changes with the moves only.
INSERT INTO customers_nodes (workspace, node, customer, kind, value, search) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
