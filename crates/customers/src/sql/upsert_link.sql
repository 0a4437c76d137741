-- A link keeps its earliest evidence; the graph has decided that this is it.
INSERT INTO customers_links (
    workspace, a, b, a_kind, b_kind, occurred_at, source_seq, message_prefix, message_hash, position
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (workspace, a, b) DO UPDATE SET
    occurred_at = excluded.occurred_at,
    source_seq = excluded.source_seq,
    message_prefix = excluded.message_prefix,
    message_hash = excluded.message_hash,
    position = excluded.position
