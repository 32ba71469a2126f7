"""Budgets: how much money a campaign may cost, counted so that it is never overspent and never makes the till wait.

A *pot* is one budget of one thing (`offer:summer`, `rule:double`, `reward:mug`) in one period (`total`, `2026-11`,
`2026-11-22`). Its money lies in slices; whoever takes some locks one slice that nobody else holds, and only when no
single slice has enough, all of them. What a member took is a row of theirs: reserved with a claim, used by a sale,
given back by a return or an expiry. Money of the pot = what is left in its slices + what members hold and have used.

Rooms above name the pot and the amount (`commands.take`, or operations for `budget_post_v1` inside a sale's own
call, see `operations`). May call programme. Announces BudgetThresholdReached (50, 80, 100 %) and BudgetExhausted, each
once a pot. Also the pure question whether an award leaves its margin (`queries.keeps_margin`).
"""
