"""Write the data as the CSV files that `fedele import` reads."""

import csv
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from fedele.adapters.complete_journey.people import person
from fedele.adapters.complete_journey.source import Source, shifted, weeks_until
from fedele.adapters.complete_journey.stores import store_address, store_key, store_name, store_position
from fedele.adapters.complete_journey.wording import product_name, readable

RETURN_EVERY = 61  # of a household's baskets; a made-up figure, near a grocer's usual share
RETURN_AFTER = timedelta(days=3)
COUPONS_COUNT = 24


@dataclasses.dataclass(frozen=True, slots=True)
class DemoFiles:
    """The files, in the order in which they are imported."""

    folder: Path
    households: int
    lines: int
    purchases: int
    returns: int
    left_out: int
    weeks: int

    def path(self, kind: str) -> Path:
        """The file of a kind of import."""
        return self.folder / f"{kind}.csv"


def write_files(
    folder: Path, today: date, *, households: int | None = 200, progress: Callable[[str], None] = lambda _: None
) -> DemoFiles:
    """Write members, products, places, purchases and coupons of so many households (None: all) into the folder.

    `today` is the programme's. Raises DataMissing when the package with the data is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source, by = Source(), weeks_until(today)
    chosen = source.choose_households(households)
    source.choose(chosen)
    progress("members and stores")
    _write_members(folder / "members.csv", source, by)
    _write_places(folder / "places.csv", source)
    progress("products and coupons")
    _write_products(folder / "products.csv", source)
    _write_coupons(folder / "coupons.csv", source, by)
    progress("baskets")
    left_out = _write_left_out(folder / "left-out.csv", source)
    lines, purchases, returns = _write_purchases(folder / "purchases.csv", source, by, today)
    return DemoFiles(folder, len(chosen), lines, purchases, returns, left_out, by.days // 7)


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """A whole file or none: a run that is killed leaves no half of it."""
    count = 0
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for row in rows:
            writer.writerow(row)
            count += 1
    partial.replace(path)
    return count


def _write_members(path: Path, source: Source, by: timedelta) -> None:
    head = ("member", "email", "name", "locale", "birthday", "joined_at", "home_store", "consents")
    rows = source.rows(
        """
        SELECT household_id, min(happened)::DATE, mode(store_id ORDER BY store_id)
          FROM bought GROUP BY household_id ORDER BY household_id
        """
    )

    def members() -> Iterable[Sequence[Any]]:
        for household, first, store in rows:
            who = person(household)
            joined = shifted(datetime.combine(first, datetime.min.time()), by)
            yield household, who.email, who.name, who.locale, who.birthday, joined, store_key(store), who.consents

    _write(path, head, members())


def _write_places(path: Path, source: Source) -> None:
    head = ("key", "name", "latitude", "longitude", "radius_metres", "address")
    stores = (row[0] for row in source.rows("SELECT DISTINCT store_id FROM bought ORDER BY store_id"))
    _write(
        path,
        head,
        ((store_key(s), store_name(s), *store_position(s), 250, store_address(s)) for s in stores),
    )


def _write_products(path: Path, source: Source) -> None:
    rows = source.rows(
        """
        SELECT product_id, product_type, product_category, brand, package_size, department
          FROM products SEMI JOIN bought USING (product_id) ORDER BY product_id
        """
    )
    _write(
        path,
        ("sku", "name", "category", "department", "brand"),
        (
            (sku, product_name(kind, category, brand, size), category, department, brand)
            for sku, kind, category, brand, size, department in rows
        ),
    )


def _write_left_out(path: Path, source: Source) -> int:
    rows = source.rows("SELECT basket_id, product_id, quantity, cents FROM bought WHERE quantity <= 0 ORDER BY 1, 2")
    reason = "quantity 0: nothing was sold and nothing came back"
    return _write(path, ("receipt", "sku", "quantity", "cents", "reason"), ((*row, reason) for row in rows))


def _write_purchases(path: Path, source: Source, by: timedelta, today: date) -> tuple[int, int, int]:
    """The baskets line by line, and of every 61st basket one line that comes back."""
    counts = {"purchases": 0, "returns": 0}
    rows = source.rows(
        """
        SELECT household_id, store_id, basket_id, happened, product_id, quantity, cents, saved_cents,
               dense_rank() OVER (PARTITION BY household_id ORDER BY happened, basket_id) AS place
          FROM bought WHERE quantity > 0 ORDER BY happened, basket_id, product_id
        """
    )

    def lines() -> Iterable[Sequence[Any]]:
        for _, basket in groupby(rows, key=lambda row: row[2]):
            bought = list(basket)
            counts["purchases"] += 1
            household, store, receipt, at = bought[0][:4]
            for number, (*_, sku, quantity, cents, saved, _) in enumerate(bought, start=1):
                yield (
                    household, store_key(store), receipt, shifted(at, by), number, sku, quantity,
                    _money(cents), _money(saved), "",
                )  # fmt: skip
            back = returned_line(bought, today, by)
            if back:
                counts["returns"] += 1
                _, _, _, _, sku, quantity, cents, *_ = bought[back - 1]
                back_at = shifted(at + RETURN_AFTER, by)
                yield (
                    household, store_key(store), f"R{receipt}", back_at, "", sku, -quantity,
                    _money(-cents), "0", receipt,
                )  # fmt: skip

    head = ("member", "store", "receipt", "occurred_at", "line", "sku", "quantity", "amount", "discount",
            "returns_receipt")  # fmt: skip
    return _write(path, head, lines()), counts["purchases"], counts["returns"]


def returned_line(basket: Sequence[Sequence[Any]], today: date, by: timedelta) -> int | None:
    """Made up, since the data has no returns: of each household's 61st, 122nd … basket the dearest line (the first of
    equals) comes back whole to the same store three days later, unless that would be after today."""
    if basket[0][8] % RETURN_EVERY or (basket[0][3] + RETURN_AFTER + by).date() > today:
        return None
    dearest = max(range(len(basket)), key=lambda place: (basket[place][6], -place))
    return dearest + 1 if basket[dearest][6] > 0 else None


def _write_coupons(path: Path, source: Source, by: timedelta) -> None:
    """The coupons of the campaigns that run at the end of the data, as money off one category each: those that the
    data's households redeemed most, anywhere. How much they take off is made up (the data does not say)."""
    rows = source.rows(
        f"""
        WITH running AS (
            SELECT campaign_id, start_date, end_date FROM campaign_descriptions WHERE end_date >= DATE '2017-12-31'
        ), of_category AS (
            SELECT c.coupon_upc, c.campaign_id, min(p.product_category) AS category
              FROM coupons c JOIN running USING (campaign_id) JOIN products p USING (product_id)
             WHERE p.product_category IS NOT NULL
             GROUP BY c.coupon_upc, c.campaign_id HAVING count(DISTINCT p.product_category) = 1
        )
        SELECT o.coupon_upc, o.campaign_id, o.category, r.start_date, r.end_date
          FROM of_category o JOIN running r USING (campaign_id)
          LEFT JOIN (SELECT coupon_upc, count(*) AS times FROM coupon_redemptions GROUP BY 1) AS used USING (coupon_upc)
       QUALIFY row_number() OVER (PARTITION BY o.category ORDER BY coalesce(times, 0) DESC, o.coupon_upc) = 1
         ORDER BY coalesce(times, 0) DESC, o.coupon_upc LIMIT {COUPONS_COUNT}
        """
    )
    head = ("key", "title", "body", "value", "minimum_spend", "category", "starts", "ends", "per_member")

    def coupons() -> Iterable[Sequence[Any]]:
        for upc, campaign, category, starts, ends in rows:
            value, words = ("0.50", "0.75", "1.00", "1.50")[upc % 4], readable(category)
            yield (
                f"coupon-{campaign}-{upc}", f"${value} off: {words}", f"Take ${value} off {words.lower()} this week.",
                value, value, category, (starts + by).date(), (ends + by).date(), 1,
            )  # fmt: skip

    _write(path, head, coupons())


def _money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"
