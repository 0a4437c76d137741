-- The control figures from nothing but the open table: orders, persons, delivered, late as an
-- instant, late as a day, answers, CSAT.
WITH rows_of_orders AS (
    SELECT customer, event, occurred_at, score, promise_due, promise_day_deadline,
           unnest(subjects) AS subject
    FROM interactions
),
e AS (
    SELECT customer, event, occurred_at, score, promise_due, promise_day_deadline,
           subject['hash'] AS order_hash
    FROM rows_of_orders
    WHERE subject['kind'] = 'order'
),
orders AS (
    SELECT order_hash,
           MIN(customer) AS customer,
           MIN(CASE WHEN event = 'Order Delivered' THEN occurred_at END) AS delivered,
           MIN(promise_due) AS due,
           MIN(promise_day_deadline) AS day_deadline
    FROM e
    GROUP BY order_hash
)
SELECT COUNT(*) AS c0,
       COUNT(DISTINCT customer) AS c1,
       COUNT(delivered) AS c2,
       SUM(CASE WHEN delivered > due THEN 1 ELSE 0 END) AS c3,
       SUM(CASE WHEN delivered > day_deadline THEN 1 ELSE 0 END) AS c4,
       (SELECT COUNT(score) FROM e) AS c5,
       (SELECT 100.0 * SUM(CASE WHEN score >= 4 THEN 1 ELSE 0 END) / COUNT(score) FROM e) AS c6
FROM orders
