"""Why a rule gave what it gave, in words, for members and for whoever helps them."""

from collections.abc import Mapping
from decimal import Decimal

import strawberry

from fedele.domains.earning.config import EarningConfig
from fedele.domains.earning.types import RuleTrace
from fedele.domains.offers.config import OffersConfig
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.money import from_units

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "awarded": "Given in full.",
        "capped": "Given in part: the limit of {cap} per {per} left room for {room}.",
        "cap_reached": "The limit of {cap} per {per} is reached.",
        "cooling_down": "Already given recently, or as often as it can be.",
        "not_started": "It starts on {starts}.",
        "ended": "It ended on {ends}.",
        "condition": "Its condition was not met: {condition}",
        "minimum_spend": "It needs {minimum_spend} of counting purchases; there were {spent}.",
        "nothing_eligible": "Nothing in it counts for this rule.",
        "outbid": "Another rule gives more: {by}.",
        "margin_floor": "Too little would be left of these goods' price: it keeps {floor} %.",
        "budget_exhausted": "Its budget is used up.",
    },
    "it": {
        "awarded": "Assegnato per intero.",
        "capped": "Assegnato in parte: il limite di {cap} per {per} lasciava spazio a {room}.",
        "cap_reached": "Il limite di {cap} per {per} è raggiunto.",
        "cooling_down": "Già assegnato di recente, o tutte le volte possibili.",
        "not_started": "Comincia il {starts}.",
        "ended": "È finito il {ends}.",
        "condition": "La condizione non era soddisfatta: {condition}",
        "minimum_spend": "Servono {minimum_spend} di acquisti validi; erano {spent}.",
        "nothing_eligible": "Nulla qui conta per questa regola.",
        "outbid": "Un'altra regola dà di più: {by}.",
        "margin_floor": "Di questi articoli resterebbe troppo poco: deve restare il {floor} %.",
        "budget_exhausted": "Il suo budget è esaurito.",
    },
    "ru": {
        "awarded": "Начислено полностью.",
        "capped": "Начислено частично: предел {cap} за период ({per}) оставлял место для {room}.",
        "cap_reached": "Предел {cap} за период ({per}) достигнут.",
        "cooling_down": "Уже начислено недавно или столько раз, сколько возможно.",
        "not_started": "Начнётся {starts}.",
        "ended": "Закончилось {ends}.",
        "condition": "Условие не выполнено: {condition}",
        "minimum_spend": "Нужно покупок на {minimum_spend}; было {spent}.",
        "nothing_eligible": "Здесь ничто не учитывается этим правилом.",
        "outbid": "Другое правило даёт больше: {by}.",
        "margin_floor": "От цены этих товаров осталось бы слишком мало: должно остаться {floor} %.",
        "budget_exhausted": "Бюджет этой акции исчерпан.",
    },
    "ar": {
        "awarded": "مُنحت كاملة.",
        "capped": "مُنحت جزئيًا: بقي من الحد {cap} لكل {per} متسع لـ {room}.",
        "cap_reached": "بلغ الحد {cap} لكل {per}.",
        "cooling_down": "مُنحت مؤخرًا، أو بعدد المرات الممكن.",
        "not_started": "تبدأ في {starts}.",
        "ended": "انتهت في {ends}.",
        "condition": "لم يتحقق الشرط: {condition}",
        "minimum_spend": "يلزم {minimum_spend} من المشتريات المحتسبة؛ وكانت {spent}.",
        "nothing_eligible": "لا شيء هنا يُحتسب لهذه القاعدة.",
        "outbid": "قاعدة أخرى تعطي أكثر: {by}.",
        "margin_floor": "سيبقى القليل جدًا من ثمن هذه السلع: يجب أن يبقى {floor}٪.",
        "budget_exhausted": "نفدت ميزانيتها.",
    },
}


@strawberry.type
class UnitAmount:
    """An amount of one of the programme's currencies: 12.5 stars."""

    currency: str = strawberry.field(description="The currency's key in the programme.")
    name: str = strawberry.field(description="Its name in the member's language, as after a number.")
    amount: Decimal = strawberry.field(description="Exact, with the currency's own decimals. Negative: taken.")


@strawberry.type
class RuleExplanation:
    """What became of one rule for one purchase or event."""

    rule: str = strawberry.field(description="The rule's key in the programme, or offer:<key> for an offer in hand.")
    name: str = strawberry.field(description="The rule's name in the reader's language.")
    outcome: str = strawberry.field(
        description="awarded, capped, cap_reached, cooling_down, not_started, ended, condition, nothing_eligible, "
        "outbid, margin_floor or budget_exhausted."
    )
    reason: str = strawberry.field(description="The outcome in words, with the values that decided it.")
    amount: UnitAmount | None = strawberry.field(description="What it gave; null when nothing.")


def unit_amount(programme: Programme, currency: str, units: int, locale: str) -> UnitAmount:
    """Scaled units as people read them. A currency the programme has given up is shown by its key."""
    found = next((item for item in programme.section(Currencies) if item.key == currency), None)
    if found is None:
        return UnitAmount(currency=currency, name=currency, amount=Decimal(units))
    amount = from_units(units, found.decimals)
    return UnitAmount(currency=currency, name=found.named(amount, locale, _default(programme)), amount=amount)


def explained(programme: Programme, told: RuleTrace, locale: str) -> RuleExplanation:
    """One rule's trace in words."""
    return RuleExplanation(
        rule=told.rule,
        name=rule_name(programme, told.rule, locale),
        outcome=told.outcome,
        reason=_reason(programme, told, locale),
        amount=unit_amount(programme, told.currency, told.units, locale) if told.units and told.currency else None,
    )


def rule_name(programme: Programme, key: str, locale: str) -> str:
    """The name of a rule, or of the offer behind `offer:<key>`; the key itself for one that is gone."""
    default = _default(programme)
    if key.startswith("offer:"):
        offer = programme.section(OffersConfig).find(key.partition(":")[2])
        return offer.creative.title.in_locale(locale, default) if offer else key
    rule = next((rule for rule in programme.section(EarningConfig).rules if rule.key == key), None)
    return rule.name.in_locale(locale, default) if rule else key


def _reason(programme: Programme, told: RuleTrace, locale: str) -> str:
    words = _WORDS.get(locale.partition("-")[0], _WORDS["en"])
    details = {"condition": "", "cap": "", "per": "", "room": "", "starts": "", "ends": "", **told.details}
    if told.outcome == "outbid":
        details["by"] = rule_name(programme, str(told.details.get("by", "")), locale)
    key = "minimum_spend" if told.outcome == "condition" and "minimum_spend" in told.details else told.outcome
    reason = words[key].format(**details)
    values = told.details.get("values") or {}
    shown = ", ".join(f"{name} = {value}" for name, value in values.items())
    problem = str(told.details.get("problem", ""))
    return " · ".join(part for part in (reason, shown, problem) if part)


def _default(programme: Programme) -> str:
    return programme.section(ProgrammeConfig).default_locale
