-- A name is known since it was told first, whatever came first.
INSERT INTO customers_called (workspace, node, called, first_said) VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace, node, called) DO UPDATE SET
    first_said = CASE WHEN excluded.first_said < customers_called.first_said THEN excluded.first_said ELSE customers_called.first_said END
