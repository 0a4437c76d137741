-- A link keeps its earliest evidence and, of telephone numbers, its last day; the graph has decided what they are.
INSERT INTO customers_links (
    workspace, a, b, a_kind, b_kind, occurred_at, source_seq, message_prefix, message_hash, position, last_day
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (workspace, a, b) DO UPDATE SET
    occurred_at = excluded.occurred_at,
    source_seq = excluded.source_seq,
    message_prefix = excluded.message_prefix,
    message_hash = excluded.message_hash,
    position = excluded.position,
    last_day = excluded.last_day
