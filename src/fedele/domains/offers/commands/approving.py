"""A second person's yes to an offer, and its early end."""

from fedele.db.database import Transaction
from fedele.domains.offers import errors
from fedele.domains.offers.config import Offer, OffersConfig
from fedele.domains.offers.variants import digest_of
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.refusal import NotFound


async def approve_offer(
    tx: Transaction, programme: Programme, offer_key: str, digest: str, actor: str, moment: Moment
) -> str:
    """Approve the offer as it is written; who approved it first. Repeating it changes nothing.

    `digest` is what the approver looked at. Raises NotFound, OfferChanged, ApprovalNeedsSecondPerson (for whoever
    applied the version that holds it).
    """
    offer = _find(programme, offer_key)
    if digest_of(offer) != digest:
        raise errors.OfferChanged(field="digest")
    author = await tx.fetch_value("SELECT actor FROM programme_version WHERE version = $1", programme.version)
    if author == actor:
        raise errors.ApprovalNeedsSecondPerson()
    approved_by: str = await tx.fetch_value(
        """
        INSERT INTO offer_standing AS s (offer_key, digest, approved_by, approved_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (offer_key, digest) DO UPDATE
           SET approved_by = coalesce(s.approved_by, excluded.approved_by),
               approved_at = coalesce(s.approved_at, excluded.approved_at)
        RETURNING approved_by
        """,
        offer_key, digest, actor, moment.now,
    )  # fmt: skip
    return approved_by


async def end_offer(tx: Transaction, programme: Programme, offer_key: str, actor: str, moment: Moment) -> None:
    """End the offer now, as it is written: nobody sees or claims it any more; claims in hand keep their time.

    Repeating it changes nothing. Raises NotFound.
    """
    await tx.execute(
        """
        INSERT INTO offer_standing AS s (offer_key, digest, ended_by, ended_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (offer_key, digest) DO UPDATE
           SET ended_by = coalesce(s.ended_by, excluded.ended_by), ended_at = coalesce(s.ended_at, excluded.ended_at)
        """,
        offer_key, digest_of(_find(programme, offer_key)), actor, moment.now,
    )  # fmt: skip


def _find(programme: Programme, offer_key: str) -> Offer:
    offer = programme.section(OffersConfig).find(offer_key)
    if offer is None:
        raise NotFound(what="offer", field="offerKey")
    return offer
