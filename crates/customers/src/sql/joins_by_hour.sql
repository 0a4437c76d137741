-- Links of two names, neither of which this fact brought: it made one person of two.
SELECT l.occurred_at / 3600000000 AS hour, COUNT(*) AS joins
FROM customers_links l
JOIN customers_seen x ON x.workspace = l.workspace AND x.node = l.a AND x.first_seen < l.occurred_at
JOIN customers_seen y ON y.workspace = l.workspace AND y.node = l.b AND y.first_seen < l.occurred_at
WHERE l.workspace = $1 AND l.occurred_at >= $2 AND l.occurred_at < $3
    -- Browsers, telephones, visits, orders and parcels name no person.
    AND l.a_kind NOT IN ('device_id', 'anonymous_id', 'cookie', 'visit', 'order', 'parcel')
    AND l.b_kind NOT IN ('device_id', 'anonymous_id', 'cookie', 'visit', 'order', 'parcel')
GROUP BY l.occurred_at / 3600000000
ORDER BY hour
