-- A value that was told before is known since the earlier and until the later time, whatever came first.
INSERT INTO customers_traits (workspace, node, name, said, value, first_said, last_said, source, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (workspace, node, name, said) DO UPDATE SET
    source = CASE WHEN (excluded.first_said, excluded.position) < (customers_traits.first_said, customers_traits.position)
        THEN excluded.source ELSE customers_traits.source END,
    position = CASE WHEN (excluded.first_said, excluded.position) < (customers_traits.first_said, customers_traits.position)
        THEN excluded.position ELSE customers_traits.position END,
    first_said = CASE WHEN excluded.first_said < customers_traits.first_said THEN excluded.first_said ELSE customers_traits.first_said END,
    last_said = CASE WHEN excluded.last_said > customers_traits.last_said THEN excluded.last_said ELSE customers_traits.last_said END
