-- What campaigns (offers and earning rules) did: who saw them, who took them, what units they gave, and what was sold with
-- them, net of returns, with what those goods cost us at the time.
-- $1 keys · $2 kinds ('offer' or 'rule') · $3 until · $4 home currency: sales in other money are not told
WITH campaign AS (
    SELECT kind, key, CASE kind WHEN 'offer' THEN 'offer:' || key ELSE key END AS rule_key
      FROM unnest($1::text[], $2::text[]) AS given (key, kind)
), sale AS (
    SELECT DISTINCT 'offer' AS kind, c.offer_key AS key, c.member_id, c.purchase_id FROM offer_claim AS c
     WHERE c.offer_key = ANY ($1) AND c.used_at <= $3 AND c.purchase_id IS NOT NULL
    UNION
    SELECT 'rule', a.rule_key, a.member_id, a.source_id FROM award AS a
     WHERE a.rule_key = ANY ($1) AND a.source_kind = 'purchase' AND a.units > a.clawed_back_units AND a.occurred_at <= $3
), sold AS (
    SELECT s.kind, s.key, b.currency, l.sku, l.quantity - l.returned_quantity AS kept,
           (l.amount_minor - l.tax_minor) * (l.quantity - l.returned_quantity) / l.quantity AS net_minor, b.occurred_at
      FROM sale AS s
      JOIN purchase AS b ON b.member_id = s.member_id AND b.purchase_id = s.purchase_id
      JOIN purchase_line AS l ON l.member_id = b.member_id AND l.purchase_id = b.purchase_id
     WHERE l.kind IN ('goods', 'service')
)
SELECT c.kind, c.key,
       (SELECT count(DISTINCT f.member_id) FROM feed_event AS f
         WHERE c.kind = 'offer' AND f.card_kind = 'offer' AND f.card_key = c.key AND f.kind = 'seen' AND f.occurred_at <= $3
       ) AS reach,
       (SELECT count(*) FROM offer_claim AS o WHERE c.kind = 'offer' AND o.offer_key = c.key AND o.claimed_at <= $3) AS claimed,
       (SELECT count(*) FROM sale AS s WHERE s.kind = c.kind AND s.key = c.key) AS used,
       (SELECT coalesce(jsonb_object_agg(given.currency, given.units), '{}') FROM (
           SELECT a.currency, sum(a.units - a.clawed_back_units) AS units FROM award AS a
            WHERE a.rule_key = c.rule_key AND a.occurred_at <= $3 GROUP BY a.currency) AS given) AS units,
       coalesce((SELECT round(sum(sold.net_minor)) FROM sold
                  WHERE sold.kind = c.kind AND sold.key = c.key AND sold.currency = $4), 0)::bigint AS revenue_minor,
       goods.known::float8 AS known_revenue_minor, goods.cost::float8 AS goods_cost
  FROM campaign AS c
  CROSS JOIN LATERAL (
      SELECT coalesce(sum(sold.net_minor) FILTER (WHERE cost.cost IS NOT NULL), 0) AS known,
             coalesce(sum(sold.kept * cost.cost), 0) AS cost
        FROM sold LEFT JOIN LATERAL (
            SELECT p.cost FROM product_cost AS p WHERE p.sku = sold.sku AND p.valid_from <= sold.occurred_at
             ORDER BY p.valid_from DESC LIMIT 1) AS cost ON true
       WHERE sold.kind = c.kind AND sold.key = c.key AND sold.currency = $4) AS goods
 ORDER BY c.kind, c.key
