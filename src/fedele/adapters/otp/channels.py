"""Carries one-time codes by the channels that messages go by: e-mail to an address, SMS to a number."""

from collections.abc import Mapping

import structlog
from pydantic import SecretStr

from fedele.domains.members.types import Channel
from fedele.domains.messaging.ports import Letter, LetterChannel, PushOutcomeKind
from fedele.kernel.ids import new_id

log = structlog.get_logger(__name__)

_SUBJECT = {
    "en": "Your code: {code}",
    "it": "Il tuo codice: {code}",
    "ru": "Ваш код: {code}",
    "ar": "رمزك: {code}",
}
_TEXT = {
    "en": "{code} is your code. It is valid for a few minutes. Never give it to anybody, not even to us.",
    "it": "{code} è il tuo codice. Vale pochi minuti. Non darlo a nessuno, neanche a noi.",
    "ru": "{code} — ваш код. Он действует несколько минут. Не сообщайте его никому, даже нам.",
    "ar": "{code} هو رمزك. صالح لبضع دقائق. لا تعطه لأحد، ولا حتى لنا.",
}


class ChannelOtp:
    """One attempt: a member who waits asks again sooner than any retry would come."""

    def __init__(self, carriers: Mapping[Channel, LetterChannel]) -> None:
        self._carriers = carriers

    async def deliver(self, *, kind: str, to: SecretStr, code: SecretStr, locale: str) -> None:
        """Send the code; a fault is logged, without code or address."""
        carrier = self._carriers.get(Channel.SMS if kind == "phone" else Channel.EMAIL)
        if carrier is None:
            log.warning("otp_not_delivered", kind=kind, reason="no channel is configured for it")
            return
        language = locale.partition("-")[0]
        words = [words.get(language, words["en"]).format(code=code.get_secret_value()) for words in (_SUBJECT, _TEXT)]
        letter = Letter(
            to=to.get_secret_value(), locale=locale, text=words[1], key=str(new_id()), subject=words[0],
            ttl_seconds=600,
        )  # fmt: skip
        [outcome] = await carrier.send([letter])
        if outcome.kind is not PushOutcomeKind.DELIVERED:
            log.warning("otp_not_delivered", kind=kind, outcome=outcome.kind.value, reason=outcome.reason)
