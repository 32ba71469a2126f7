"""Why am I seeing this: the sentences that belong to no rule, offer or survey of the programme."""

from fedele.domains.programme.types import Text

REASONS: dict[str, Text] = {
    name: Text(texts)
    for name, texts in {
        "affordable": {
            "en": "You have enough for it",
            "it": "Hai abbastanza punti",
            "ru": "Вам уже хватает баллов",
            "ar": "لديك ما يكفي للحصول عليها",
        },
        "nearly": {
            "en": "Only {missing} to go",
            "it": "Ti mancano solo {missing}",
            "ru": "Осталось всего {missing}",
            "ar": "يتبقى لك {missing} فقط",
        },
        "dreamed_of": {
            "en": "Something to save for",
            "it": "Qualcosa per cui risparmiare punti",
            "ru": "Есть на что копить",
            "ar": "مكافأة تستحق الادخار",
        },
        "bought_often": {
            "en": "You buy it often",
            "it": "Lo compri spesso",
            "ru": "Вы часто это покупаете",
            "ar": "تشتريه كثيرًا",
        },
        "expiring": {
            "en": "They expire within 30 days",
            "it": "Scadono entro 30 giorni",
            "ru": "Сгорят в течение 30 дней",
            "ar": "تنتهي صلاحيتها خلال 30 يومًا",
        },
        "expiring_title": {
            "en": "{amount} expire on {date}",
            "it": "{amount} in scadenza il {date}",
            "ru": "{amount} сгорят {date}",
            "ar": "{amount} تنتهي صلاحيتها في {date}",
        },
        "after_visit": {
            "en": "You shopped with us lately",
            "it": "Hai fatto la spesa da noi di recente",
            "ru": "Вы недавно были у нас",
            "ar": "تسوّقت لدينا مؤخرًا",
        },
        "asked": {
            "en": "We would like to know you better",
            "it": "Vorremmo conoscerti meglio",
            "ru": "Хотим узнать вас лучше",
            "ar": "نودّ أن نعرفك أكثر",
        },
        "next_tier": {
            "en": "Your next level is in sight",
            "it": "Il prossimo livello è in vista",
            "ru": "Следующий уровень уже близко",
            "ar": "مستواك التالي قريب",
        },
        "next_tier_title": {
            "en": "{missing} more to {tier}",
            "it": "Ancora {missing} per {tier}",
            "ru": "Ещё {missing} до уровня «{tier}»",
            "ar": "{missing} للوصول إلى {tier}",
        },
        "open_now": {
            "en": "Open to you now",
            "it": "Disponibile per te adesso",
            "ru": "Доступно вам сейчас",
            "ar": "متاح لك الآن",
        },
        "near": {
            "en": "You are near {place}",
            "it": "Sei vicino a {place}",
            "ru": "Вы рядом: {place}",
            "ar": "أنت قرب {place}",
        },
        "news": {
            "en": "News from the programme",
            "it": "Novità dal programma",
            "ru": "Новости программы",
            "ar": "جديد البرنامج",
        },
    }.items()
}
