-- Most nodes have no name; an index of those that have one is written to when there is something to
-- find.
DROP INDEX customers_nodes_name;
CREATE INDEX customers_nodes_name ON customers_nodes (workspace, name_search) WHERE name_search IS NOT NULL;
