"""The reasons of the governor in words, for staff and for the member who asks why."""

from collections.abc import Mapping

from fedele.domains.messaging.types import MessagePurpose, Reason

_REASONS: Mapping[Reason, tuple[str, str, str, str]] = {
    Reason.ALLOWED: ("may be contacted", "può essere contattato", "можно написать", "يمكن التواصل معه"),
    Reason.NO_CONSENT: ("no consent for this", "manca il consenso", "нет согласия", "لا توجد موافقة"),
    Reason.NO_TARGET: ("no device or address", "nessun dispositivo o indirizzo", "нет устройства или адреса",
                       "لا جهاز ولا عنوان"),
    Reason.ADDRESS_BLOCKED: ("the address bounced, or its owner complained", "l'indirizzo respinge i messaggi",
                             "адрес не принимает писем", "العنوان لا يستقبل الرسائل"),
    Reason.QUIET_HOURS: ("quiet hours", "ore di silenzio", "тихие часы", "ساعات الهدوء"),
    Reason.DAILY_CAP: ("contacted enough today", "già contattato abbastanza oggi", "на сегодня достаточно",
                       "تم التواصل معه بما يكفي اليوم"),
    Reason.WEEKLY_CAP: ("contacted enough this week", "già contattato abbastanza questa settimana",
                        "на этой неделе достаточно", "تم التواصل معه بما يكفي هذا الأسبوع"),
    Reason.CHANNEL_CAP: ("enough by this channel", "già abbastanza su questo canale", "по этому каналу достаточно",
                         "ما يكفي عبر هذه القناة"),
    Reason.LOWER_PRIORITY: ("what is left today is kept for what matters more",
                            "il resto di oggi è riservato a cose più importanti",
                            "остаток дня оставлен для более важного",
                            "ما تبقى اليوم محجوز لما هو أهم"),
    Reason.EXCLUSIVE: ("heard something of the same kind lately", "ha già ricevuto qualcosa di simile",
                       "недавно уже было похожее", "تلقى رسالة مشابهة مؤخرًا"),
    Reason.OTHER_CHANNEL: ("reached by another channel", "raggiunto da un altro canale", "получит по другому каналу",
                           "يصله عبر قناة أخرى"),
    Reason.SEND_TIME: ("at the member's own hour", "all'ora preferita", "в удобный для участника час",
                       "في الساعة المناسبة له"),
    Reason.HOLDOUT: ("held out to measure the effect", "nel gruppo di controllo", "в контрольной группе",
                     "في مجموعة المقارنة"),
    Reason.CAMPAIGN_CAP: ("had this campaign already", "ha già ricevuto questa campagna", "уже получал эту кампанию",
                          "تلقى هذه الحملة من قبل"),
    Reason.CAMPAIGN_FULL: ("the campaign reaches no more members at once", "la campagna non raggiunge altri soci",
                           "кампания больше никого не охватывает", "لا تصل الحملة إلى مزيد من الأعضاء"),
    Reason.TEMPLATE_GONE: ("the programme has no such words any more", "il testo non esiste più", "текста больше нет",
                           "لم يعد النص موجودًا"),
    Reason.TOO_LATE: ("it happened too long ago to be told", "è passato troppo tempo per comunicarlo",
                      "это было слишком давно, чтобы сообщать", "حدث ذلك منذ وقت طويل جدًا"),
    Reason.MEMBER_GONE: ("not an active member", "non è un socio attivo", "не активный участник", "ليس عضوًا نشطًا"),
    Reason.MEMBER_BLOCKED: ("blocked while a suspicion is looked into", "bloccato durante una verifica",
                            "заблокирован на время проверки", "محظور أثناء التحقق"),
}  # fmt: skip
_WHY = {
    "service": ("It is about your own membership.", "Riguarda la tua iscrizione.", "Это касается вашего участия.",
                "يتعلق بعضويتك."),
    "other": ("Because you have not said no to such messages here.", "Perché non hai rifiutato questi messaggi qui.",
              "Потому что вы не отказались от таких сообщений здесь.", "لأنك لم ترفض مثل هذه الرسائل هنا."),
}  # fmt: skip
_LANGUAGES = {"en": 0, "it": 1, "ru": 2, "ar": 3}


def reason_words(reason: Reason, locale: str) -> str:
    """The reason in the reader's language."""
    return _REASONS[reason][_LANGUAGES.get(locale.partition("-")[0], 0)]


def why_words(purpose: MessagePurpose, locale: str) -> str:
    """Why a message in the app is shown, in the member's language."""
    words = _WHY["service" if purpose == "service" else "other"]
    return words[_LANGUAGES.get(locale.partition("-")[0], 0)]
