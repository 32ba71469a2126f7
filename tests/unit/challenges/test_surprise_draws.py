"""A surprise is drawn by chance, and the draw can be made again."""

from decimal import Decimal
from uuid import UUID

from fedele.domains.challenges.config import PurchaseSurprise
from fedele.domains.challenges.draw import SCALE, draw, threshold
from fedele.kernel.ids import MemberId

MEMBER = MemberId(UUID(int=7))


def surprise(probability: str) -> PurchaseSurprise:
    """One with this probability."""
    return PurchaseSurprise.model_validate(
        {"key": "coffee", "name": "Coffee", "type": "purchase", "probability": probability, "per_day_max": 1,
         "award": {"units": {"currency": "points", "amount": 1}}}
    )  # fmt: skip


def test_a_draw_is_the_same_whenever_it_is_made() -> None:
    """The number is pinned: a change of the formula would re-decide what was told to members."""
    assert draw("spring", "coffee", MEMBER, UUID(int=1)) == draw("spring", "coffee", MEMBER, UUID(int=1))
    assert draw("spring", "coffee", MEMBER, UUID(int=1)) == 226_248_610


def test_seed_surprise_member_and_event_all_matter() -> None:
    """Change one and it is another draw."""
    drawn = {
        draw("spring", "coffee", MEMBER, UUID(int=1)),
        draw("autumn", "coffee", MEMBER, UUID(int=1)),
        draw("spring", "cake", MEMBER, UUID(int=1)),
        draw("spring", "coffee", MemberId(UUID(int=8)), UUID(int=1)),
        draw("spring", "coffee", MEMBER, UUID(int=2)),
    }
    assert len(drawn) == 5


def test_as_many_win_as_were_promised() -> None:
    """Of 20,000 draws at 5 % between 4.5 % and 5.5 % win: more than three standard deviations on either side."""
    below = threshold(surprise("0.05"))
    wins = sum(draw("spring", "coffee", MEMBER, UUID(int=n)) < below for n in range(20_000))
    assert 900 < wins < 1_100


def test_certainty_and_the_smallest_chance_are_exact() -> None:
    """Probability 1 wins every draw; a thousand-millionth wins one of SCALE."""
    assert threshold(surprise("1")) == SCALE
    assert threshold(surprise("0.000000001")) == 1
    assert Decimal(threshold(surprise("0.05"))) / SCALE == Decimal("0.05")
