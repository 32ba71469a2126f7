"""What the doctor makes of what it finds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fedele.db import doctor
from fedele.db.doctor import AppRole, Finding

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEALTHY_ROLE = AppRole(exists=True, may_be_taken=True)


@pytest.mark.parametrize(
    "finding",
    [
        doctor.judge_version(180006),
        doctor.judge_version(190001),
        doctor.judge_encoding("UTF8"),
        doctor.judge_locale("b", "C.UTF-8"),
        doctor.judge_locale("c", "C"),
        doctor.judge_durability(["on", "on", "remote_apply"]),
        doctor.judge_migrations("20261121_17_jobs", "20261121_17_jobs"),
        doctor.judge_migrations("20270101_18_later", "20261121_17_jobs"),
        doctor.judge_role(HEALTHY_ROLE),
        doctor.judge_clock(NOON, NOON + timedelta(seconds=4), NOON + timedelta(seconds=9)),
        doctor.judge_disk(Path("/data"), 2**31),
    ],
    ids=lambda finding: f"{finding.name}: {finding.detail}",
)
def test_what_is_well_is_said_to_be_well(finding: Finding) -> None:
    """A newer server, a newer database and a slow answer are no faults."""
    assert finding.ok


@pytest.mark.parametrize(
    ("finding", "detail"),
    [
        (doctor.judge_version(170004), "17.4"),
        (doctor.judge_encoding("SQL_ASCII"), "SQL_ASCII"),
        (doctor.judge_locale("c", "it_IT.UTF-8"), "libc it_IT.UTF-8"),
        (doctor.judge_durability(["off", "on", "off"]), "off: fsync, synchronous_commit"),
        (doctor.judge_migrations(None, "20261121_17_jobs"), "never"),
        (doctor.judge_migrations("20261121_16_exchange", "20261121_17_jobs"), "16_exchange"),
        (doctor.judge_role(AppRole(exists=False)), "missing"),
        (doctor.judge_role(AppRole(True, is_superuser=True, may_be_taken=True)), "superuser"),
        (doctor.judge_role(AppRole(True, bypasses_row_security=True, may_be_taken=True)), "row security"),
        (doctor.judge_role(AppRole(True, owned_tables=3, may_be_taken=True)), "owns 3 tables"),
        (doctor.judge_role(AppRole(True)), "may not be taken"),
        (doctor.judge_clock(NOON, NOON - timedelta(seconds=4), NOON), "4.0 s off"),
        (doctor.judge_clock(NOON, NOON + timedelta(hours=1), NOON), "3600.0 s off"),
        (doctor.judge_disk(Path("/data"), 2**29), "0.5 GB"),
        (doctor.judge_disk(Path("/data"), None), "cannot be read"),
    ],
)
def test_what_is_wrong_is_named_with_a_way_out(finding: Finding, detail: str) -> None:
    """Every fault says what was found and what to do."""
    assert not finding.ok
    assert detail in finding.detail
    assert finding.what_to_do
