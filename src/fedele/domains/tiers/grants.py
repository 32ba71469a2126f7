"""Lay what was granted over what is earned. Pure: a grant changes nothing of what is earned, so it is never a floor."""

from datetime import datetime

from fedele.domains.tiers.rules import TierRules
from fedele.domains.tiers.types import ChangeReason, Standing, TierDecision


def crowned(rules: TierRules, before: Standing, earned: TierDecision, at: datetime) -> TierDecision:
    """The higher of what is earned and what is granted at this instant; when the last grant ends, what is earned."""
    if not before.grants:
        return earned
    base, was = earned.standing, rules.place(before.tier)
    held = tuple(grant for grant in before.grants if grant.holds(at))
    sources = [(rules.place(base.tier), base.since, base.kept_until)]
    sources += [(rules.place(grant.tier), grant.since, grant.until) for grant in held]
    level = max(place for place, _, _ in sources)
    giving = [(since, until) for place, since, until in sources if place == level]
    ends = [until for _, until in giving if until is not None]
    if level == was:
        since = before.since
    elif level > was:
        since = max(since for since, _ in giving if since is not None)
    else:
        since = _fallen_at(rules, before, base, level)
    after = Standing(
        tier=base.tier if level == rules.place(base.tier) else rules.config.levels[level].key,
        since=since or at,
        kept_until=max(ends) if len(ends) == len(giving) else None,
        grants=held,
        earned=base if held else None,
    )
    return TierDecision(after, None if level == was else _reason(rules, before, earned, level, at))


def _fallen_at(rules: TierRules, before: Standing, base: Standing, level: int) -> datetime | None:
    """When the member came down to this level: when the last thing that held them above it had ended."""
    ends = [grant.until for grant in before.grants if grant.until is not None and rules.place(grant.tier) > level]
    return max([*ends, *([base.since] if base.since else [])], default=None)


def _reason(rules: TierRules, before: Standing, earned: TierDecision, level: int, at: datetime) -> ChangeReason:
    was = rules.place(before.tier)
    if level > was:
        return "upgrade" if level == rules.place(earned.standing.tier) else "manual"
    ended = any(rules.place(grant.tier) >= was for grant in before.grants if not grant.holds(at))
    return "grant_ended" if ended else earned.reason or "downgrade"
