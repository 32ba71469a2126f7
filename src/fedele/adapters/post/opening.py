"""Opening the channels that letters go by, as settings ask for."""

import httpx

from fedele.adapters.mail.smtp import MailUrlInvalid, SmtpMail, SmtpServer
from fedele.adapters.sms.twilio import TWILIO, TwilioSms
from fedele.domains.members.types import Channel
from fedele.domains.messaging.ports import LetterChannel


class CarriersInvalid(ValueError):
    """Settings of a channel do not fit together; the message says which and repeats no secret."""


def open_carriers(
    client: httpx.AsyncClient,
    mail: tuple[str | None, str | None],
    sms: tuple[str | None, str | None, str | None],
    sms_url: str | None = None,
) -> dict[Channel, LetterChannel]:
    """Who carries e-mails (server's URL, sender) and texts (account, token, sender).

    A channel of which nothing is given is missing. Raises CarriersInvalid.
    """
    carriers: dict[Channel, LetterChannel] = {}
    mail_url, mail_from = mail
    if mail_url is not None:
        if mail_from is None:
            raise CarriersInvalid("FEDELE_MAIL_URL needs FEDELE_MAIL_FROM beside it: who the e-mails are from")
        try:
            carriers[Channel.EMAIL] = SmtpMail(SmtpServer.parse(mail_url), mail_from)
        except MailUrlInvalid as error:
            raise CarriersInvalid(f"FEDELE_MAIL_URL, FEDELE_MAIL_FROM: {error}") from None
    account, token, sender = sms
    if account and token and sender:
        carriers[Channel.SMS] = TwilioSms(client, account, token, sender, url=sms_url or TWILIO)
    elif any(sms):
        raise CarriersInvalid("FEDELE_SMS_ACCOUNT, FEDELE_SMS_TOKEN and FEDELE_SMS_FROM are set together, or none is")
    return carriers
