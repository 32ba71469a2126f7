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
            "en": "Expiring within 30 days",
            "it": "In scadenza entro 30 giorni",
            "ru": "Срок истекает в течение 30 дней",
            "ar": "تنتهي صلاحيتها خلال 30 يومًا",
        },
        "expiring_title": {
            "en": "{amount} expire on {date}",
            "it": "{amount} in scadenza il {date}",
            "ru": "{amount} сгорят {date}",
            "ar": "{amount} تنتهي صلاحيتها في {date}",
        },
        "expiring_title_one": {
            "en": "{amount} expires on {date}",
            "it": "{amount} in scadenza il {date}",
            "ru": "{amount} сгорит {date}",
            "ar": "{amount} تنتهي صلاحيتها في {date}",
        },
        "expiring_title_two": {
            "en": "{amount} expire on {date}",
            "it": "{amount} in scadenza il {date}",
            "ru": "{amount} сгорят {date}",
            "ar": "{amount} تنتهي صلاحيتهما في {date}",
        },
        "expiring_in_all": {
            "en": "In all within 30 days: {amount}",
            "it": "In tutto entro 30 giorni: {amount}",
            "ru": "Всего в течение 30 дней: {amount}",
            "ar": "المجموع خلال 30 يومًا: {amount}",
        },
        "about_bought": {
            "en": "It is about {product}, which you buy",
            "it": "Riguarda {product}, che compri tu",
            "ru": "Касается того, что вы покупаете: {product}",
            "ar": "يخص {product} الذي تشتريه",
        },
        "after_visit": {
            "en": "You shopped with us lately",
            "it": "Hai fatto la spesa da noi di recente",
            "ru": "Вы недавно были у нас",
            "ar": "تسوّقت لدينا مؤخرًا",
        },
        "after_reward": {
            "en": "You had a reward lately",
            "it": "Di recente hai avuto un premio",
            "ru": "Вы недавно получили награду",
            "ar": "حصلت على مكافأة مؤخرًا",
        },
        "after_joining": {
            "en": "We ask everybody who joins us",
            "it": "Lo chiediamo a chi si iscrive",
            "ru": "Мы спрашиваем всех, кто к нам присоединился",
            "ar": "نسأل كل من ينضم إلينا",
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
        "challenge_open": {
            "en": "A challenge you can begin today",
            "it": "Una sfida che puoi iniziare oggi",
            "ru": "Задание, которое можно начать сегодня",
            "ar": "تحدٍّ يمكنك بدؤه اليوم",
        },
        "challenge_to_join": {
            "en": "A challenge you can join",
            "it": "Una sfida a cui puoi partecipare",
            "ru": "Задание, к которому можно присоединиться",
            "ar": "تحدٍّ يمكنك الانضمام إليه",
        },
        "challenge_begun": {
            "en": "You are on your way",
            "it": "Sei già a buon punto",
            "ru": "Начало уже положено",
            "ar": "أنت في الطريق إلى إتمامه",
        },
        "streak_running": {
            "en": "Your streak: {count} in a row",
            "it": "La tua serie: {count} di fila",
            "ru": "Ваша серия: {count} подряд",
            "ar": "سلسلتك: {count} على التوالي",
        },
        "streak_at_risk": {
            "en": "Your streak of {count} ends unless you keep it up",
            "it": "La tua serie di {count} finisce se non continui",
            "ru": "Ваша серия ({count}) прервётся, если её не продолжить",
            "ar": "ستنتهي سلسلتك ({count}) إن لم تواصلها",
        },
        "refer": {
            "en": "You and a friend both get something",
            "it": "Un premio per te e per un amico",
            "ru": "Награда и вам, и другу",
            "ar": "مكافأة لك ولصديقك",
        },
        "refer_title": {
            "en": "Invite a friend",
            "it": "Invita un amico",
            "ru": "Пригласите друга",
            "ar": "ادعُ صديقًا",
        },
        "event_action": {
            "en": "Take a seat",
            "it": "Prenota un posto",
            "ru": "Занять место",
            "ar": "احجز مقعدك",
        },
        "event_open": {
            "en": "There is a seat for you",
            "it": "C'è un posto per te",
            "ru": "Для вас есть место",
            "ar": "هناك مقعد لك",
        },
        "event_invited": {
            "en": "You are among those invited",
            "it": "Sei tra gli invitati",
            "ru": "Вы в числе приглашённых",
            "ar": "أنت من بين المدعوين",
        },
        "event_few_seats": {
            "en": "Seats left: {count}",
            "it": "Posti rimasti: {count}",
            "ru": "Осталось мест: {count}",
            "ar": "المقاعد المتبقية: {count}",
        },
        "news": {
            "en": "News from the programme",
            "it": "Novità dal programma",
            "ru": "Новости программы",
            "ar": "جديد البرنامج",
        },
    }.items()
}
