"""The tag a phone echoes: a pass is reported exactly when its version is not the one the phone was told."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedele.domains.wallet.types import Serial
from fedele.domains.wallet.update_tag import PASSES_IN_TAG_MAX, since

serials = st.integers(min_value=0, max_value=40).map(lambda number: Serial(f"card_{number}"))
held = st.dictionaries(serials, st.integers(min_value=1, max_value=2**40), max_size=12)


@given(before=held, after=held)
def test_exactly_what_differs_is_reported(before: Mapping[Serial, int], after: Mapping[Serial, int]) -> None:
    """Added, raised, even lowered (a restored backup): whatever is not as it was is reported, and nothing else."""
    told = since(None, before)
    now = since(told.tag if told else None, after)
    expected = {serial for serial, version in after.items() if before.get(serial) != version}
    assert set(now.serials if now else ()) == expected


@given(versions=held.filter(bool), tag=st.text(max_size=60))
def test_a_tag_that_was_never_ours_reports_everything(versions: Mapping[Serial, int], tag: str) -> None:
    """Rubbish, or the tag of a former system, loses nothing."""
    now = since(tag, versions)
    assert now is not None
    assert set(now.serials) == set(versions)


def test_no_phone_without_passes_hears_of_any() -> None:
    """An unknown phone has nothing to fetch."""
    assert since(None, {}) is None
    assert since("1.abc", {}) is None


@pytest.mark.parametrize("count", [1, 3, PASSES_IN_TAG_MAX, PASSES_IN_TAG_MAX + 5])
def test_the_tag_stays_short(count: int) -> None:
    """Even a hundred passes fit a URL; those beyond it are reported every time rather than lost."""
    versions = {Serial(f"card_{number:04}"): number + 1 for number in range(count)}
    told = since(None, versions)
    assert told is not None
    assert len(told.tag) < 2000
    again = since(told.tag, versions)
    assert len(again.serials if again else ()) == max(0, count - PASSES_IN_TAG_MAX)
