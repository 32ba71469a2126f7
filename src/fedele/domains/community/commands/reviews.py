"""Sending a review."""

from fedele.db.database import Transaction
from fedele.domains.activity.queries import products_by_sku
from fedele.domains.community import errors, queries
from fedele.domains.community.config import About, ReviewsConfig
from fedele.domains.community.events import ReviewSubmitted
from fedele.domains.community.types import PictureId, Review, ReviewId
from fedele.domains.programme.config import Places
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from fedele.kernel.refusal import InvalidInput, NotFound

STARS_MAX = 5


async def submit_review(
    tx: Transaction,
    programme: Programme,
    member_id: MemberId,
    about: About,
    subject: str,
    stars: int,
    body: str | None,
    picture_id: PictureId | None,
    locale: str | None,
    moment: Moment,
) -> Review:
    """Take a review of a product (its sku) or a store (its key); a moderator decides what becomes of it.

    The very same review again is the first one. Raises ReviewsClosed, ReviewExists, ReviewNotVerified, NotFound,
    InvalidInput.
    """
    config = programme.section(ReviewsConfig)
    if about not in config.about:
        raise errors.ReviewsClosed()
    words = _checked(config, stars, body)
    await tx.lock_member(member_id)
    if earlier := await queries.find_review_about(tx, member_id, about, subject):
        if (earlier.stars, earlier.body, earlier.picture_id) == (stars, words, picture_id):
            return earlier
        raise errors.ReviewExists(field="subject")
    await _check_subject(tx, programme, about, subject)
    if picture_id is not None and await queries.find_picture(tx, member_id, picture_id) is None:
        raise NotFound(what="picture", field="pictureId")
    verified = await queries.has_bought(tx, member_id, about, subject)
    if config.verified_only and not verified:
        raise errors.ReviewNotVerified(field="subject")
    review_id = ReviewId(new_id())
    await tx.execute(
        """
        INSERT INTO review (member_id, review_id, about, subject, stars, body, picture_id, locale, verified, state,
                            submitted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10)
        """,
        member_id, review_id, about, subject, stars, words, picture_id, locale, verified, moment.now,
    )  # fmt: skip
    await tx.publish(
        ReviewSubmitted(
            member_id=member_id, occurred_at=moment.now, review_id=review_id, about=about, subject=subject, stars=stars
        )
    )
    return await queries.get_review(tx, member_id, review_id)


def _checked(config: ReviewsConfig, stars: int, body: str | None) -> str | None:
    if not 1 <= stars <= STARS_MAX:
        raise InvalidInput(problem=f"Give 1 to {STARS_MAX} stars.", field="stars")
    words = (body or "").strip()
    if not config.length_min <= len(words) <= config.length_max:
        problem = f"Write between {config.length_min} and {config.length_max} characters."
        raise InvalidInput(problem=problem, field="body")
    return words or None


async def _check_subject(tx: Transaction, programme: Programme, about: About, subject: str) -> None:
    if about == "store":
        known = any(place.key == subject for place in programme.section(Places).root)
    else:
        known = bool(await products_by_sku(tx, [subject]))
    if not known:
        raise NotFound(what=about, field="subject")
