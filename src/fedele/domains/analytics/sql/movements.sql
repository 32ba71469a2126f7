-- Every leg of the books by currency and month: what came in, what went out, and by how much each of the members' own
-- accounts changed. Zero-sum legs make opening + movements = closing an identity, not a hope.
-- $1 the programme's time zone · $2 true: by when we recorded it, false: by when it happened
SELECT e.currency,
       date_trunc('month', (CASE WHEN $2 THEN t.recorded_at ELSE t.occurred_at END) AT TIME ZONE $1)::date AS month,
       coalesce(-sum(e.amount) FILTER (WHERE e.account = 'issued'), 0)::bigint AS issued,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'redeemed' AND e.amount > 0), 0)::bigint AS burned,
       coalesce(-sum(e.amount) FILTER (WHERE e.account = 'redeemed' AND e.amount < 0), 0)::bigint AS restored,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'expired'), 0)::bigint AS expired,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'revoked'), 0)::bigint AS clawed_back,
       coalesce(-sum(e.amount) FILTER (WHERE e.account = 'adjusted'), 0)::bigint AS adjusted,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'available'), 0)::bigint AS available,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'pending'), 0)::bigint AS pending,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'reserved'), 0)::bigint AS reserved,
       coalesce(-sum(e.amount) FILTER (WHERE e.account = 'debt'), 0)::bigint AS debt
  FROM entry AS e JOIN ledger_transaction AS t ON t.member_id = e.member_id AND t.id = e.transaction_id
 GROUP BY 1, 2 ORDER BY 1, 2
