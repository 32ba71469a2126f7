"""Invented members: everything about them follows from the household's number, and nothing of it is real."""

import dataclasses
import hashlib

NAMES = {
    "en": (
        ("Ada", "Ben", "Clara", "Daniel", "Emma", "Frank", "Grace", "Henry", "Iris", "Jack", "Kate", "Leo", "Mary",
         "Noah", "Olive", "Paul", "Ruth", "Sam", "Tess", "Will"),
        ("Archer", "Baker", "Carter", "Dyer", "Fletcher", "Gardner", "Hill", "Marsh", "Miller", "Page", "Reed",
         "Sawyer", "Shaw", "Thatcher", "Turner", "Walker", "Weaver", "Wood"),
    ),
    "it": (
        ("Anna", "Bruno", "Chiara", "Dario", "Elena", "Fabio", "Giulia", "Ivo", "Laura", "Marco", "Nina", "Paolo",
         "Rosa", "Sara", "Tommaso", "Vera"),
        ("Bianchi", "Colombo", "Conti", "Costa", "Ferrari", "Gallo", "Greco", "Lombardi", "Marino", "Moretti",
         "Ricci", "Rinaldi", "Rossi", "Serra", "Villa"),
    ),
    "ru": (
        ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Зоя", "Иван", "Лидия", "Максим", "Нина", "Олег",
         "Полина", "Роман", "Софья", "Тимур"),
        ("Белых", "Бондаренко", "Долгих", "Коваленко", "Кравченко", "Лысенко", "Мельник", "Руденко", "Савченко",
         "Седых", "Ткаченко", "Черных", "Шевченко"),
    ),
    "ar": (
        ("أحمد", "أمل", "بسمة", "جمال", "حسن", "خالد", "دينا", "رامي", "زينب", "سامي", "ليلى", "مريم", "نادر", "هدى"),
        ("الأحمد", "البحري", "الحسن", "الخطيب", "الزين", "السيد", "الشامي", "العلي", "القاسم", "النجار", "حداد"),
    ),
}  # fmt: skip
# Out of a hundred members, so many speak each language; the rest English.
_LANGUAGES = (("it", 12), ("ru", 8), ("ar", 8))
_CONSENTS = (
    ("marketing:push", 70), ("marketing:in_app", 85), ("marketing:wallet", 60), ("surveys:push", 50),
    ("surveys:in_app", 80), ("personalization:in_app", 90), ("location:push", 45),
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist."""

    name: str
    email: str
    locale: str
    birthday: str
    consents: str


def person(household: int) -> Person:
    """The member of this household. The same number is always the same person."""
    locale = "en"
    place = draw(household, "language", 100)
    for language, share in _LANGUAGES:
        if place < share:
            locale = language
            break
        place -= share
    first, last = NAMES[locale]
    name = f"{first[draw(household, 'first', len(first))]} {last[draw(household, 'last', len(last))]}"
    month = draw(household, "month", 12) + 1
    return Person(
        name=name,
        email=f"household-{household}@example.org",
        locale=locale,
        birthday=f"{month:02}-{draw(household, 'day', 28) + 1:02}",
        consents=" ".join(word for word, share in _CONSENTS if draw(household, word, 100) < share),
    )


def draw(number: int, what: str, sides: int) -> int:
    """A number below `sides` that follows from these two alone, on every machine and for ever."""
    return int.from_bytes(hashlib.sha256(f"fedele demo {what} {number}".encode()).digest()[:8]) % sides
