"""The state that a member's answers depend on, in one small statement: what the ETag of a GET is made of."""

from datetime import datetime

from fedele.api.context import Context
from fedele.domains.auth.types import MemberPrincipal
from fedele.domains.members.queries import find_version
from fedele.domains.programme.errors import NoProgramme

EPOCH_SECONDS = 300  # for what changes with the clock alone: an offer that opens, a point that expires


def epoch(now: datetime) -> int:
    """The number of the five minutes that `now` lies in."""
    return int(now.timestamp()) // EPOCH_SECONDS


async def member_fingerprint(context: Context) -> str | None:
    """Member, member version, programme version, epoch, locale; None for whoever is not a member.

    The profile's own locale needs no look-up here: changing it raises the member's version.
    """
    principal = context.principal
    if not isinstance(principal, MemberPrincipal):
        return None
    version = await find_version(context.reader, principal.member_id)
    try:
        programme_version: int = (await context.programme()).version
    except NoProgramme:
        programme_version = 0
    locale = context.locale if context.locale_asked else ""
    return f"{principal.member_id.hex}.{version}.{programme_version}.{epoch(context.moment.now)}.{locale}"
