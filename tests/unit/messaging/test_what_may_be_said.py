"""What rooms above have spoken, and whether the shipped programmes' words are ever heard."""

import inspect
from datetime import UTC, datetime
from typing import Any
from unittest.mock import MagicMock
from uuid import UUID

import pytest

from fedele.bootstrap import PROGRAMME_SECTIONS, handlers_of
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.messaging.types import AmountValue
from fedele.domains.programme.queries import check
from fedele.domains.programme.types import Programme, ProgrammeVersion, Text
from fedele.domains.rewards.config import RewardsConfig
from fedele.domains.rewards.events import RewardRedeemed
from fedele.domains.rewards.handlers import told_of_reward
from fedele.domains.tiers.config import TiersConfig
from fedele.domains.tiers.events import TierChanged
from fedele.domains.tiers.handlers import told_of_tier
from fedele.kernel.ids import MemberId, new_id
from tests.fixtures.api import programme_text

WHEN = datetime(2026, 11, 21, tzinfo=UTC)


def programme(name: str = "grocer") -> Programme:
    """A programme that ships with the package."""
    return check(programme_text(name), PROGRAMME_SECTIONS).programme(ProgrammeVersion(1), WHEN)


def tier_changed(before: str | None, after: str | None) -> TierChanged:
    """A change of tier."""
    return TierChanged(
        member_id=MemberId(new_id()), occurred_at=WHEN, from_tier=before, to_tier=after, reason="evaluated"
    )


@pytest.mark.parametrize("name", ["grocer", "corner-cafe"])
def test_every_template_waits_for_something_that_is_said(name: str) -> None:
    """A template with a misspelt `on` would never be sent, and nobody would notice."""
    nothing: Any = MagicMock()  # handlers only remember what they are given
    listening = handlers_of(*[nothing] * len(inspect.signature(handlers_of).parameters))
    heard = {handler.event.kind for handler in listening if handler.name.startswith("messaging.announce_")}
    assert heard
    waiting = {template.on for template in programme(name).section(MessagesConfig).templates if template.on}
    assert waiting <= heard


def test_only_a_tier_gained_is_told() -> None:
    """Up: its name in every language. Down, the same, or everybody's first: nothing."""
    grocer = programme()
    lowest, higher = (tier.key for tier in grocer.section(TiersConfig).levels[:2])
    told = told_of_tier(tier_changed(lowest, higher), grocer)
    assert told is not None
    assert isinstance(told["tier"], Text)
    assert told["tier"] == grocer.section(TiersConfig).get(higher).name
    assert told_of_tier(tier_changed(None, higher), grocer) is not None
    for before, after in ((higher, lowest), (None, lowest), (higher, higher), (higher, None), (None, "retired")):
        assert told_of_tier(tier_changed(before, after), grocer) is None


def test_a_reward_taken_is_told_with_its_price() -> None:
    """Its name, its price, its redemption; a reward that left the programme is not spoken of."""
    grocer = programme()
    reward = next(iter(grocer.section(RewardsConfig)))
    redeemed = RewardRedeemed(
        member_id=MemberId(new_id()), occurred_at=WHEN, redemption_id=UUID(int=7), reward_key=reward.key,
        currency="points", units=500,
    )  # fmt: skip
    assert told_of_reward(redeemed, grocer) == {
        "reward": reward.name, "amount": AmountValue("points", 500), "redemption": str(UUID(int=7)),
    }  # fmt: skip
    gone = RewardRedeemed(
        member_id=MemberId(new_id()), occurred_at=WHEN, redemption_id=UUID(int=7), reward_key="gone",
        currency="points", units=500,
    )  # fmt: skip
    assert told_of_reward(gone, grocer) is None
