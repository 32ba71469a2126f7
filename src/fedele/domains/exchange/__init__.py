"""Exchange: what comes in from other systems as files, and what goes out.

Holds no tables: an import is a caller of the rooms that own what it brings (members, activity, ledger, programme, and
the checkout for purchases, which are rated by the till's own decisions). May call every room beneath it. Announces
nothing: imports are quiet, they send no pushes, journeys or webhooks.

Every import streams its file, validates row by row, writes what is wrong into `<file>.errors.csv` with line, column and
reason, and imports the rest. Running it again changes nothing twice, and goes on where a killed run stopped.
"""
