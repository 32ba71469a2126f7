"""A card comes up where its member shops: the stores of their latest purchases, the most frequent first."""

from fedele.db.database import Database
from fedele.domains.activity.queries import usual_stores
from fedele.domains.checkout.commands import settle
from fedele.kernel.ids import StoreId
from tests.factories.members import enrolled
from tests.factories.till import at, basket, line, open_till


async def test_the_stores_of_the_latest_purchases_count(database: Database) -> None:
    """Three times here, twice there, once elsewhere: in that order, no more than asked, and nobody else's."""
    till, member_id, other = await open_till(database), await enrolled(database), await enrolled(database)
    visits = ["north", "south", "north", "east", "south", "north"]
    for number, store in enumerate(visits):
        sold = basket(line(1, 500), member_id=member_id, store_id=StoreId(store))
        await settle(till, sold, f"s{number}", at(hours=number))
    await settle(till, basket(line(1, 500), member_id=other, store_id=StoreId("west")), "other", at())
    assert await usual_stores(database.reader, member_id, 3) == ("north", "south", "east")
    assert await usual_stores(database.reader, member_id, 2) == ("north", "south")
    assert await usual_stores(database.reader, other, 3) == ("west",)


async def test_a_member_without_purchases_has_none(database: Database) -> None:
    """Nothing bought, nowhere usual."""
    assert await usual_stores(database.reader, await enrolled(database), 3) == ()
