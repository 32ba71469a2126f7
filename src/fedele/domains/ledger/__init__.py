"""The ledger: every unit of value a member has, owes or lost, as double entry over lots.

May call: kernel, db. Announces (through the outbox, written by the SQL itself): PointsEarned, PointsSettled,
PointsBurned, PointsRestored, PointsClawedBack, PointsExpired, PointsAdjusted, PointsHeld, ExpiryMoved. Knows no
programme: units, expiry and mode come from the caller, who turns policies into instants.

**Accounts** of one member in one currency. Theirs: `available`, `pending`, `reserved` (held for a till), `debt` (≤ 0,
owed after a clawback). The programme's legs, also kept per member so that no row is hot: `issued`, `redeemed`,
`expired`, `revoked`, `adjusted`. The legs of a transaction sum to zero per currency. Every account is a gapless chain
of versions.

**Lots** say where the units of available, pending and reserved come from. `lot_use` says where they went:
original − remaining = Σ lot_use; reserved = Σ lot_use of kind `hold`. What a member may spend or sees is always
Σ remaining of unexpired active lots at the moment asked, never the balance of `available`, which still holds units that
expired and await their sweep.

**The one call**, for Python (`commands.post`) and for other PL/pgSQL (`settle_v2`):

    ledger_post_v2(p_member_id uuid, p_now timestamptz, p_operations jsonb, p_quiet boolean DEFAULT false) → jsonb

It takes the member's lock, applies the operations in order, all or none, and writes their outbox rows (`p_quiet`: only
the member's version is raised). `ledger_run_v1` is the same without
the announcements, for a caller that publishes them with its own. `p_operations` is an array of objects; all have

    {"op": …, "scope": text, "key": text, "currency": text,
     "occurred_at": timestamptz = p_now, "programme_version": int = null, "reason": {} }

Idempotent by (member, scope, key): a repetition returns the first reply, byte for byte, and writes nothing. The same
key with another intent is refused. Intent = the operation without `occurred_at`, `as_of`, `activates_at`,
`expires_at`, `held_until`, `keep_until`, `programme_version` and `reason`: what a retry computes anew from the clock or
the programme. `reason` says why (rule keys, purchase id, rounding …) and holds no personal data. Besides:

    earn         units > 0, source text ("purchase", "event", "import" …), purchase_id uuid?, line text?,
                 activates_at?  (later than p_now → a pending lot), expires_at? (null → never)
    settle       as_of = p_now: pending lots whose activates_at has come; or transaction_id: that earn's lots at once
    burn         units > 0, as_of = p_now: FIFO by expires_at NULLS LAST, id over lots unexpired at as_of; purchase_id?
    restore      transaction_id of the burn or capture, units? (null → all that is left of it), keep_until?
                 (null → lots keep their own expiry even if it has passed; else one expired by p_now lives until then)
    clawback     transaction_id of the earn (or positive adjust), units? (null → the rest),
                 mode: "clamp" | "debt" | "pending"; total instead of units: how much altogether, what earlier calls
                 had to give up included
    expire       as_of = p_now: sweeps every active lot with expires_at ≤ as_of
    adjust       units ≠ 0, actor text; positive: a new lot (expires_at?); negative: FIFO,
                 mode "refuse" (default) | "clamp" | "debt"
    move_expiry  changes: [{"lot_id", "expires_at"}] or expires_at for every live lot of the currency (later_only: of
                 those that would end earlier); lots that have expired by p_now stay expired
    extend_expiry years, months, days, end_of: "day" | "month", time_zone, earned_before: gives live lots that were
                 active before then so much longer; once per key, a repetition finds nothing to do
    hold         units > 0, held_until?: reserves like a burn; release: transaction_id of the hold, units?;
    capture      transaction_id of the hold, units?: turns reserved units into a burn

Reply: `{"status": "ok", "results": […]}`, or, with nothing written at all,
`{"status": "refused", "index": 1, "code": "INSUFFICIENT_POINTS", "details": {…}}`. Codes: INSUFFICIENT_POINTS
(currency, requested, spendable), IDEMPOTENCY_KEY_REUSED, LEDGER_TRANSACTION_UNKNOWN, LEDGER_EXCEEDS_ORIGINAL
(requested, left), INVALID_INPUT (problem); `errors.refusal` makes the Refusal. One result per operation, in order:

    {"op", "transaction_id" (null when there was nothing to do: settle, expire, move_expiry), "currency",
     "units": what moved, > 0 (adjust: signed),
     "requested": what was asked, "waived": clawback's part that was given up, "debt_paid": netted from this inflow,
     "debt_incurred", "spendable": Σ unexpired active lots after it, at p_now,
     "entries": [{"id", "account", "amount", "version", "balance"}],
     "lots": [{"id", "units", "expires_at", "state"}]}   -- made, or touched with the units taken or given

`version` is the account's gapless version after the entry: sort by it to check linearizability. Whatever becomes
available (earn, settle, restore, release, adjust) pays the member's debt first. Instants travel as ISO 8601 text with
offset.
"""
