-- IFRS 15.74–80, B39–B43: of each sale's price, the part that pays for the units it gave, by relative stand-alone selling
-- prices: price × units' price ÷ (price + units' price). The units' price = units × worth × expected redemption, with the
-- worth of the programme version that the accrual carries and the redemption expected at the end of the accrual's month.
-- The price is what was paid in money: without tax, and without what other units paid. Units that no sale gave (an event,
-- an import, a correction) have no price to share: their stand-alone price alone is told, for a provision.
-- $1 the programme's time zone · $2 true: by when we recorded it, false: by when it happened
-- $3 $4 $5 version, currency, worth of one scaled unit in minor units · $6 $7 $8 currency, cohort, expected redemption
-- $9 version, $10 its first instant: for accruals that carry none · $11 home currency
WITH version AS (
    SELECT version, since, coalesce(lead(since) OVER (ORDER BY since, version), 'infinity') AS until,
           since = min(since) OVER () AS is_first
      FROM unnest($9::integer[], $10::timestamptz[]) AS given (version, since)
), accrual AS (
    SELECT l.member_id, l.purchase_id, l.currency, l.original,
           date_trunc('month', (CASE WHEN $2 THEN t.recorded_at ELSE t.occurred_at END) AT TIME ZONE $1)::date AS cohort,
           coalesce(t.programme_version, (
               SELECT v.version FROM version AS v
                WHERE t.occurred_at < v.until AND (t.occurred_at >= v.since OR v.is_first)
                ORDER BY v.since, v.version LIMIT 1)) AS version
      FROM lot AS l JOIN ledger_transaction AS t ON t.member_id = l.member_id AND t.id = l.transaction_id
), valued AS (
    SELECT a.*, a.original * coalesce(w.worth, 0) AS worth, a.original * coalesce(w.worth, 0) * coalesce(e.redeemed, 1) AS price,
           sum(a.original * coalesce(w.worth, 0) * coalesce(e.redeemed, 1)) OVER (PARTITION BY a.member_id, a.purchase_id) AS prices
      FROM accrual AS a
      LEFT JOIN unnest($3::integer[], $4::text[], $5::numeric[]) AS w (version, currency, worth)
             ON w.version = a.version AND w.currency = a.currency
      LEFT JOIN unnest($6::text[], $7::date[], $8::numeric[]) AS e (currency, cohort, redeemed)
             ON e.currency = a.currency AND e.cohort = a.cohort
)
SELECT v.currency, v.cohort, v.purchase_id IS NOT NULL AS from_sale, sum(v.original)::bigint AS units,
       sum(v.worth)::float8 AS worth_minor,
       sum(CASE WHEN v.purchase_id IS NULL OR v.price = 0 OR p.paid <= 0 THEN 0
                ELSE p.paid * v.price / (p.paid + v.prices) END)::float8 AS allocated_minor
  FROM valued AS v
  LEFT JOIN LATERAL (
      SELECT CASE WHEN b.currency = $11 THEN b.total_minor - b.tax_minor - coalesce((
                 SELECT sum((tender ->> 'amount_minor')::bigint) FROM jsonb_array_elements(b.tenders) AS tender
                  WHERE tender ->> 'kind' = 'points'), 0) ELSE 0 END AS paid
        FROM purchase AS b WHERE b.member_id = v.member_id AND b.purchase_id = v.purchase_id) AS p ON true
 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
