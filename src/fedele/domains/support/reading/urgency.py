"""Decide whether somebody should look at a text at once, and for what: danger, law, theft, leaving.

By words alone, and without looking at negations: a person reads what is marked, and one text too many costs less than
the one that was missed.
"""

from collections.abc import Mapping

from fedele.domains.support.config import Language, Words
from fedele.domains.support.reading.words import holds

# Reason → phrases of all four languages. `*` at the end stands for any ending.
URGENT: Mapping[str, tuple[str, ...]] = {
    "danger": (
        "allerg*", "anaphyla*", "poison*", "food poisoning", "hospital*", "ambulance", "injur*", "bleeding", "unsafe",
        "dangerous*", "broken glass", "glass in", "metal in", "fire", "fainted", "choked", "threw up", "vomit*",
        "got sick", "made me sick", "mould*", "moldy", "expired food", "harass*", "assault*", "threaten*",
        "allergi*", "intossica*", "avvelen*", "ospedale", "pronto soccorso", "ambulanza", "ferit*", "pericolos*",
        "vetro", "incendio", "svenut*", "soffocat*", "vomitat*", "muffa", "scadut*", "molest*", "aggredit*",
        "minacci*",
        "аллерги*", "отрав*", "больниц*", "скорую", "скорая помощь", "травм*", "поранил*", "опасн*", "стекло",
        "осколк*", "пожар*", "подавил*", "рвот*", "плесен*", "просроч*", "домога*", "угрож*", "избил*",
        "حساسيه", "تسمم*", "مستشفي", "اسعاف", "الاسعاف", "اصابه", "جرح*", "خطير*", "خطر", "زجاج", "حريق", "اغمي*",
        "اختنق*",        "تقيا*", "عفن*", "متعفن*", "منتهي الصلاحيه", "منتهيه الصلاحيه", "تحرش*", "هدد*", "تهديد*",
    ),
    "law": (
        "lawyer*", "attorney*", "sue you", "lawsuit*", "police", "court", "consumer protection", "discriminat*",
        "racis*",
        "avvocat*", "denuncia*", "querela*", "polizia", "carabinieri", "tribunale", "discrimina*", "razzis*",
        "адвокат*", "юрист*", "в суд", "полици*", "роспотребнадзор*", "дискримин*", "расис*",
        "محامي*", "شرطه", "محكمه", "قضيه", "دعوي", "حمايه المستهلك", "تمييز", "عنصري*",
    ),
    "theft": (
        "stolen", "stole", "fraud*", "scam*", "charged twice", "double charged", "hacked", "my card was",
        "rubat*", "truff*", "frod*", "addebitat* due volte", "addebito doppio", "clonat*",
        "украли", "украден*", "мошенни*", "списали дважды", "взломал*",
        "سرق*", "مسروق*", "احتيال*", "نصب", "نصابين", "مرتين من حسابي", "اخترق*",
    ),
    "leaving": (
        "never again", "last time", "cancel my", "delete my account", "closing my account", "going to your competitor",
        "mai piu", "ultima volta", "cancellate il mio", "cancello l account", "vado dalla concorrenza",
        "никогда больше", "больше никогда", "последний раз", "больше не приду", "удалите мой", "ухожу к",
        "لن اعود", "اخر مره", "احذفوا حسابي", "الغاء حسابي", "الغوا حسابي", "لن اشتري",
    ),
}  # fmt: skip
_OWN = "declared"


def urgent_for(text: str, own: Mapping[Language, tuple[str, ...]] | Words) -> tuple[str, ...]:
    """Why a text is urgent, the gravest first; nothing for one that is not. `own` are the programme's words."""
    found = [reason for reason, phrases in URGENT.items() if holds(text, phrases)]
    if any(holds(text, phrases) for phrases in own.values()):
        found.append(_OWN)
    return tuple(found)
