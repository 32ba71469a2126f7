"""A small shop whose unhappy members are answered and whose happy ones are asked, and what they say."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.db.database import Database
from fedele.domains.activity.commands import record_activity
from fedele.domains.activity.queries import find_event
from fedele.domains.ledger.queries import balances_by_member
from fedele.domains.programme.queries import ProgrammeSource
from fedele.domains.programme.types import Programme
from fedele.domains.support import commands
from fedele.domains.support.config import SupportConfig
from fedele.domains.support.reading import examples_of, read
from fedele.domains.support.types import CaseId, Feedback, Scores
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId, new_id
from tests.factories.programme import apply_programme
from tests.fakes.analyser import FakeAnalyser

NOW = Moment(datetime(2026, 5, 12, 9, 0, tzinfo=UTC))

SHOP = """
format: 1
programme: {key: shop, name: Shop, time_zone: Europe/Rome, home_currency: EUR}
currencies:
  - {key: points, name: points, worth: 0.01, debt: debt}
rewards:
  - {key: coffee, type: free_product, name: Coffee, cost: {currency: points, amount: 100}, skus: [coffee], stock: 1}
referral:
  friend: {units: {currency: points, amount: 100}}
  share_url: https://shop.example/join/{code}
support:
  themes:
    - {key: delivery, name: Delivery, words: {en: [deliver*, courier], it: [consegn*], ru: [достав*], ar: [توصيل]}}
    - {key: staff, name: Staff, examples: [The cashier was rude to me]}
  cases:
    - {key: unhappy, when: feedback.nps <= 6 || feedback.stars <= 2.0, owner: service, sla_hours: 48,
       urgent_sla_hours: 4}
    - {key: hurt, when: feedback.urgent || feedback.contradiction, owner: managers, urgency: high, sla_hours: 24}
    - {key: bad-service, when: event.name == 'bad_service', owner: service, sla_hours: 24}
  outcomes:
    - {key: refunded, text: {en: We gave your money back., it: Ti abbiamo rimborsato.}}
    - {key: spoken, text: We spoke with the team.}
  make_goods:
    - key: sorry
      name: Our apology
      when: feedback.nps <= 6
      prize: {units: {currency: points, amount: 50}}
      limits: [{per: month, times_max: 2}]
    - key: late
      name: For the delay
      when: event.name == 'delivery_late' && event.properties.minutes > 30
      prize: {units: {currency: points, amount: 20}}
      budget: {money: 1.00, unit_cost: 0.20}
    - key: coffee
      name: A coffee
      when: event.name == 'bad_service'
      prize: {reward: coffee}
  public_review: {when: feedback.nps >= 9, url: "https://reviews.example/shop"}
  referral_ask: {stars_min: 5, events: [delivered], redemption_worth_min: 500, every_days: 30}
"""


class Desk:
    """The shop's programme, and what follows when somebody says or does something."""

    def __init__(self, database: Database, programme: Programme) -> None:
        self.database, self.programme, self.analyser = database, programme, FakeAnalyser()

    @classmethod
    async def open(cls, database: Database, text: str = SHOP) -> "Desk":
        """With this programme in force."""
        return cls(database, await apply_programme(database, text))

    @property
    def programmes(self) -> ProgrammeSource:
        """Where handlers find the programme."""
        return ProgrammeSource(self.database, PROGRAMME_SECTIONS)

    async def says(
        self,
        member_id: MemberId,
        words: str = "",
        *,
        nps: int | None = None,
        stars: int | None = None,
        source_id: UUID | None = None,
        moment: Moment = NOW,
    ) -> CaseId | None:
        """An answer with these scores and words, read and followed."""
        share = nps / 10 if nps is not None else (stars - 1) / 4 if stars is not None else None
        scores = Scores(nps=nps, stars=float(stars) if stars is not None else None, share=share, best_share=share)
        config = self.programme.section(SupportConfig)
        texts = {"words": words} if words else {}
        analysed = await self.analyser.analyse(list(texts.values()), examples_of(config))
        readings = tuple(
            read(config, part, text, scores, one, self.analyser.name)
            for (part, text), one in zip(texts.items(), analysed or [None] * len(texts), strict=True)
        )
        feedback = Feedback(member_id, "survey", source_id or new_id(), moment.now, "visit", scores, readings)
        async with self.database.transaction() as tx:
            return await commands.follow_feedback(tx, self.programme, feedback, texts, moment)

    async def happens(self, member_id: MemberId, name: str, moment: Moment = NOW, **properties: Any) -> CaseId | None:
        """An event, recorded and followed."""
        async with self.database.transaction() as tx:
            event_id = await record_activity(tx, member_id, name, moment, properties=properties)
        event = await find_event(self.database.reader, member_id, event_id)
        assert event is not None
        async with self.database.transaction() as tx:
            return await commands.follow_event(tx, self.programme, event, moment)

    async def points(self, member_id: MemberId) -> int:
        """What the member can spend."""
        balances = (await balances_by_member(self.database.reader, [member_id], NOW.now))[member_id]
        return sum(balance.available for balance in balances)
