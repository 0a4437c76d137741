-- A name that is told again is known until then; its index is not written again for that.
INSERT INTO customers_nodes (workspace, node, customer, kind, value, search, name, name_search, name_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (workspace, node) DO UPDATE SET name = excluded.name, name_at = excluded.name_at
WHERE customers_nodes.name_search = excluded.name_search
    AND (customers_nodes.name_at, customers_nodes.name) < (excluded.name_at, excluded.name)
