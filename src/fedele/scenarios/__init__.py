"""Scenarios: a programme played on a time machine, and what must have come of it.

A scenario is a YAML file: who takes part, what they do and when, and after each step what they must have. It is played
on a throw-away database by the wired application with a clock that is turned, so it proves a programme, not a model of
it. `fedele scenario run FILE…` plays; `fedele scenario schema` prints the JSON Schema for editors; a mistake in the
file is told with its line.

    scenario: The tenth drink is a gift
    programme: cafe-punch-card            # a shipped programme, or a file beside this one
    starts_at: 2026-01-05T09:00           # the programme's own time; a day alone is its noon
    members:
      - {key: anna, birthday: 05-17}
    steps:
      - note: twelve drinks
        do: buy
        receipt: r1
        lines: [{amount: 36.00, quantity: 12, category: drinks}]
        expect:
          balances: {stamps: 2}
          held: [free-drink]
      - do: return
        receipt: r1
        lines: [{number: 1, quantity: 3}]
        expect: {balances: {stamps: 9}, held: []}
      - do: advance
        at: 2027-01-04                    # every day that is passed is closed
        expect: {lots: {stamps: [{amount: 9, until: 2027-01-05}]}}

Every step may have `note`, `at` or `after` (turn the clock first), `member` and `expect` (`expectations.py`). The
steps are the classes in `format.py`; words, questions and journeys are expected as money is (`talking.py`). Whatever
follows from a step (the outbox, its handlers) has happened before anything is compared. Days are last days: `until:
2027-01-05` can be spent on that day and not on the next.
"""
