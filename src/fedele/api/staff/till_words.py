"""Why a discount stays in hand and what an offline sale could not keep to, in the cashier's language."""

import functools
from collections.abc import Iterator, Mapping

from fedele.api.texts import refusal_texts
from fedele.domains.checkout.types import Honoured
from fedele.kernel.refusal import Refusal

WORDS: Mapping[str, Mapping[str, str]] = {
    "NOTHING_TO_DISCOUNT": {
        "en": "Nothing in the basket counts for it.",
        "it": "Nel carrello non c'è nulla a cui si applichi.",
        "ru": "В корзине нет ничего, на что она действует.",
        "ar": "لا يوجد في السلة ما ينطبق عليه.",
    },
    "MINIMUM_SPEND": {
        "en": "The basket is below its minimum spend.",
        "it": "Il carrello non raggiunge la spesa minima.",
        "ru": "Сумма корзины меньше минимальной.",
        "ar": "قيمة السلة أقل من الحد الأدنى.",
    },
    "OTHER_MONEY": {
        "en": "It is in another money than the basket.",
        "it": "È in una valuta diversa da quella del carrello.",
        "ru": "Она в другой валюте, чем корзина.",
        "ar": "عملته تختلف عن عملة السلة.",
    },
    "GROUP_TAKEN": {
        "en": "Another discount of its group saves more.",
        "it": "Un altro sconto dello stesso gruppo fa risparmiare di più.",
        "ru": "Другая скидка той же группы выгоднее.",
        "ar": "خصم آخر من المجموعة نفسها يوفر أكثر.",
    },
    "NOT_COMBINABLE": {
        "en": "It cannot be combined with the other discounts.",
        "it": "Non è cumulabile con gli altri sconti.",
        "ru": "Она не сочетается с другими скидками.",
        "ar": "لا يمكن جمعه مع الخصومات الأخرى.",
    },
    "TOO_MANY": {
        "en": "The basket has as many discounts as it may have.",
        "it": "Il carrello ha già il numero massimo di sconti.",
        "ru": "В корзине уже наибольшее число скидок.",
        "ar": "بلغت السلة الحد الأقصى لعدد الخصومات.",
    },
    "SHARE_REACHED": {
        "en": "All discounts together may take no more off.",
        "it": "Gli sconti insieme non possono togliere di più.",
        "ru": "Все скидки вместе не могут уменьшить сумму ещё больше.",
        "ar": "لا يمكن لمجموع الخصومات أن يزيد على ذلك.",
    },
    "MARGIN_FLOOR": {
        "en": "It would leave too little of the goods' price.",
        "it": "Lascerebbe troppo poco del prezzo della merce.",
        "ru": "От цены товара осталось бы слишком мало.",
        "ar": "سيبقى القليل جدًا من سعر البضاعة.",
    },
}


def left_out_text(code: str, locale: str) -> str:
    """The words for this code."""
    words = WORDS[code]
    return words.get(locale.partition("-")[0], words["en"])


def honoured_text(problem: Honoured, locale: str) -> str:
    """A kept refusal in this locale's language, else in English."""
    text = refusal_texts(locale.partition("-")[0]).get(problem.code) or _english().get(problem.code, problem.code)
    return text.format_map(_Missing(problem.details))


class _Missing(dict[str, object]):
    """Details of an older version may lack a name that newer words ask for."""

    def __missing__(self, key: str) -> str:
        return "…"


@functools.cache
def _english() -> dict[str, str]:
    return {kind.code: kind.message for kind in _kinds(Refusal)}


def _kinds(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for below in kind.__subclasses__():
        if hasattr(below, "code"):
            yield below
        yield from _kinds(below)
