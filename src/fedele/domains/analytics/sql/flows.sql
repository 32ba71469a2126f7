-- Where lots came from and where they went: per currency, month of accrual (cohort), whether a sale gave them, the month
-- in which they end, a group of members (for the forecast's interval) and the month in which it happened.
--   issued   units of new lots                         burned   spent, less what was given back
--   expired  swept, less what a clawback took of it    removed  clawed back, adjusted away, or netted against a debt
-- What is left of a cohort = issued − burned − expired − removed; over all cohorts, that is the sum of the lots.
-- $1 the programme's time zone · $2 true: by when we recorded it, false: by when it happened · $3 groups of members
WITH accrual AS MATERIALIZED (
    SELECT l.member_id, l.id, l.currency, l.original, l.purchase_id IS NOT NULL AS from_sale,
           (CASE WHEN $2 THEN t.recorded_at ELSE t.occurred_at END) AT TIME ZONE $1 AS accrued,
           l.expires_at AT TIME ZONE $1 AS ends,
           (hashtextextended(l.member_id::text, 0) & 2147483647) % $3 AS member_group
      FROM lot AS l JOIN ledger_transaction AS t ON t.member_id = l.member_id AND t.id = l.transaction_id
), flow AS (
    SELECT member_id, id, date_trunc('month', accrued) AS month, original AS issued, 0 AS burned, 0 AS expired, 0 AS removed
      FROM accrual
    UNION ALL
    SELECT u.member_id, u.lot_id,
           date_trunc('month', (CASE WHEN $2 THEN t.recorded_at ELSE t.occurred_at END) AT TIME ZONE $1), 0,
           CASE WHEN u.kind IN ('burn', 'restore') THEN u.amount ELSE 0 END,
           CASE WHEN u.kind = 'expire' THEN u.amount ELSE 0 END,
           CASE WHEN u.kind IN ('clawback', 'adjust', 'debt') THEN u.amount ELSE 0 END
      FROM lot_use AS u JOIN ledger_transaction AS t ON t.member_id = u.member_id AND t.id = u.transaction_id
     WHERE u.kind <> 'hold'
)
SELECT a.currency, date_trunc('month', a.accrued)::date AS cohort, a.from_sale, date_trunc('month', a.ends)::date AS ends,
       a.member_group::integer AS member_group, f.month::date AS month,
       sum(f.issued)::bigint AS issued, sum(f.burned)::bigint AS burned, sum(f.expired)::bigint AS expired,
       sum(f.removed)::bigint AS removed,
       -- How far into its last month a lot lives, as a share of that month: of what was issued, on average.
       coalesce(sum(f.issued * extract(epoch FROM a.ends - date_trunc('month', a.ends)))
           / nullif(sum(f.issued), 0) / (31 * 86400), 0.5)::float8 AS last_share
  FROM flow AS f JOIN accrual AS a ON a.member_id = f.member_id AND a.id = f.id
 GROUP BY 1, 2, 3, 4, 5, 6
