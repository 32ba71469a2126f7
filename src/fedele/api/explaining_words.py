"""Explanations in words, kind and without internals: the records of the room `explaining` in a reader's language."""

import functools
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from babel.dates import format_date
from babel.numbers import format_decimal

from fedele.domains.challenges.config import ChallengesConfig, StreaksConfig
from fedele.domains.earning.config import EarningConfig
from fedele.domains.earning.types import RuleTrace
from fedele.domains.explaining.types import Explanation, Failed, Term
from fedele.domains.offers.config import OffersConfig
from fedele.domains.programme.config import Currencies, ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.config import RewardsConfig
from fedele.domains.tiers.config import TiersConfig
from fedele.kernel.languages import babel_locale
from fedele.kernel.money import Money, from_units, minor_digits

LANGUAGES = ("en", "it", "ru", "ar")
VALUES_MAX = 8  # of a list, how many are read out


class _Absent(dict[str, str]):
    """A placeholder that nothing fills stands empty: an older trace may lack what a newer sentence names."""

    def __missing__(self, key: str) -> str:
        return ""


@functools.cache
def words(language: str) -> Mapping[str, Any]:
    """All the words of a language, from `explanations.<language>.yaml`; English for one that has none."""
    known = language if language in LANGUAGES else "en"
    source = resources.files("fedele.api").joinpath(f"explanations.{known}.yaml")
    found: Mapping[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
    return found


class Speaker:
    """One reader's language, and the programme whose names are used."""

    def __init__(self, programme: Programme, locale: str) -> None:
        self.programme, self.locale = programme, locale
        self.words = words(locale.partition("-")[0])
        own = programme.section(ProgrammeConfig)
        self.default, self.zone = own.default_locale, ZoneInfo(own.time_zone)

    def title(self, told: Explanation) -> str:
        """What happened, in a sentence: "You earned 124 points for your purchase R12"."""
        amount = ""
        if told.currency is not None and told.amount is not None:
            amount = self.amount(told.currency, abs(told.amount))
        headlines = self.words["headlines"]
        kind = told.kind if told.subject != "event" else "event"
        headline = headlines.get(kind, headlines["other"]).format(amount=amount)
        cause = self.words["causes"].get(told.cause.kind) if told.subject == "entry" else None
        return " ".join(filter(None, (headline, cause and cause.format(key=self._key(told)).strip())))

    def amount(self, currency: str, amount: Decimal) -> str:
        """An amount with its currency's name: 1,250 points."""
        found = next((item for item in self.programme.section(Currencies) if item.key == currency), None)
        name = found.named(amount, self.locale, self.default) if found else currency
        return f"{self.number(amount)} {name}"

    def number(self, amount: Decimal, digits: int | None = None) -> str:
        """A number as the language writes it, with every decimal it has, or so many."""
        plain = amount.normalize()
        digits = max(0, -int(plain.as_tuple().exponent)) if digits is None else digits
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(plain, format=pattern, locale=babel_locale(self.locale), decimal_quantization=False)

    def date(self, instant: datetime) -> str:
        """A day of the programme, as the language writes it."""
        return format_date(instant.astimezone(self.zone).date(), format="long", locale=babel_locale(self.locale))

    def rule(self, key: str) -> str:
        """The name of a rule, or of the offer behind `offer:<key>`; the key itself for one that is gone."""
        if key.startswith("offer:"):
            offer = self.programme.section(OffersConfig).find(key.partition(":")[2])
            return offer.creative.title.in_locale(self.locale, self.default) if offer else key
        rules = self.programme.section(EarningConfig).rules
        rule = next((rule for rule in rules if rule.key == key), None)
        return rule.name.in_locale(self.locale, self.default) if rule else key

    def tier(self, key: str) -> str:
        """The name of a tier; the key itself for one that is gone."""
        levels = self.programme.section(TiersConfig).levels
        level = next((level for level in levels if level.key == key), None)
        return level.name.in_locale(self.locale, self.default) if level else key

    def reason(self, told: RuleTrace, failed: Failed | None) -> str:
        """Why a rule gave what it gave."""
        outcomes, details = self.words["outcomes"], dict(told.details)
        key: str = told.outcome if told.outcome in outcomes else "other"
        if told.outcome == "condition" and "minimum_spend" in details:
            key = "minimum_spend"
        elif told.outcome == "condition":
            facts = self.facts(failed) if failed else ""
            key = "condition" if facts else "condition_unknown" if failed and failed.unknown else "condition_plain"
            details["facts"] = facts
        if "by" in details:
            details["by"] = self.rule(str(details["by"]))
        if "room" in details and told.currency:
            decimals = next((c.decimals for c in self.programme.section(Currencies) if c.key == told.currency), 0)
            details["room"] = self.number(from_units(int(details["room"]), decimals))
        details["per"] = self.words["periods"].get(str(details.get("per")), "")
        return str(outcomes[key]).format_map(_Absent(details))

    def term(self, term: Term) -> str:
        """One line of an addition."""
        values = dict(term.values)
        shown = _Absent({name: self._shown(value) for name, value in values.items()})
        shown["thing"] = self._thing(values)
        shown["per"] = self.words["periods"].get(str(values.get("per")), shown["per"])
        if "rule" in values:
            shown["rule"] = self.rule(str(values["rule"]))
        if "tier" in values:
            shown["tier"] = self.tier(str(values["tier"]))
        if isinstance(values.get("earned_at"), datetime):
            shown["earned"] = self.date(values["earned_at"])
        terms = self.words["terms"]
        said = str(terms[term.kind]).format_map(shown)
        if values.get("multiplier") not in (None, Decimal(1)):
            said += str(terms["times"]).format_map(shown)
        return said + (str(terms["tier"]).format_map(shown) if "tier_multiplier" in values else "")

    def _thing(self, values: Mapping[str, Any]) -> str:
        number = values.get("number")
        if number == 0:
            return str(self.words["terms"]["whole"])
        return str(values.get("name") or self.words["terms"]["line_number"].format(number=number))

    def facts(self, failed: Failed) -> str:
        """What the part that failed saw: your tier was Blue."""
        facts = []
        for name, value in failed.values.items():
            label = self.words["names"].get(name)
            if label is None:
                continue
            if isinstance(value, Mapping):
                asked = re.findall(re.escape(name) + r"""(?:\.|\[\s*['"])(\w+)""", failed.part)
                found = [(key, value.get(key)) for key in dict.fromkeys(asked)]
            else:
                found = [(label, self.tier(str(value)) if name == "member.tier" and value else value)]
            for label_or_key, seen in found:
                facts.append(self.words["fact"].format(name=label_or_key, value=self._shown(seen)))
        return ", ".join(facts) if not failed.unknown else ""

    def _shown(self, value: Any) -> str:
        match value:
            case None | "":
                return str(self.words["nothing"])
            case bool():
                return str(self.words["affirmed" if value else "denied"])
            case int() | Decimal():
                return self.number(Decimal(value))
            case float():
                return self.number(Decimal(repr(value)))
            case Money():
                return f"{self.number(value.decimal, minor_digits(value.currency))} {value.currency}"
            case datetime():
                return self.date(value)
            case list() | tuple():
                return ", ".join(str(item) for item in value[:VALUES_MAX]) or str(self.words["nothing"])
            case _:
                return _date_or_text(str(value), self)

    def _key(self, told: Explanation) -> str:
        """What the cause is called: a reward's or a challenge's name, a receipt; nothing that only machines read."""
        cause = told.cause
        match cause.kind:
            case "purchase" | "return":
                return told.receipt or ""
            case "reward":
                reward = self.programme.section(RewardsConfig).find(cause.key)
                return reward.name.in_locale(self.locale, self.default) if reward else cause.key
            case "challenge":
                things = (*self.programme.section(ChallengesConfig), *self.programme.section(StreaksConfig))
                found = next((thing for thing in things if thing.key == cause.key), None)
                return found.name.in_locale(self.locale, self.default) if found else cause.key
            case "tender":
                return cause.key
            case _:
                return ""


def _date_or_text(text: str, speaker: Speaker) -> str:
    """An instant that was kept as text, as a date; any other text as it is."""
    if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", text):
        return speaker.date(datetime.fromisoformat(text))
    return text
