"""A message as an e-mail: text and HTML that say the same, with the way out below."""

from collections.abc import Mapping
from html import escape

from fedele.domains.messaging.config import MessageTemplate
from fedele.domains.messaging.types import LetterWords, Value
from fedele.domains.messaging.wording import fill, put_into_words
from fedele.domains.programme.config import ProgrammeConfig
from fedele.domains.programme.types import Programme
from fedele.kernel.languages import babel_locale

# Why the reader gets it, and how to stop it; what the button says where the programme does not.
_FOOTER = {
    "en": "You get this e-mail because you agreed to messages from {name}.",
    "it": "Ricevi questa e-mail perché hai accettato i messaggi di {name}.",
    "ru": "Вы получили это письмо, потому что согласились на сообщения от «{name}».",
    "ar": "تصلك هذه الرسالة لأنك وافقت على رسائل {name}.",
}
_STOP = {"en": "Stop these e-mails", "it": "Non ricevere più queste e-mail", "ru": "Отписаться", "ar": "إيقاف الرسائل"}
_SERVICE = {
    "en": "This message is about your membership with {name}.",
    "it": "Questo messaggio riguarda la tua iscrizione a {name}.",
    "ru": "Это сообщение о вашем участии в программе «{name}».",
    "ar": "هذه الرسالة بخصوص عضويتك في {name}.",
}
_OPEN = {"en": "Open", "it": "Apri", "ru": "Открыть", "ar": "فتح"}

_HTML = """<!DOCTYPE html>
<html lang="{lang}" dir="{dir}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{subject}</title></head>
<body style="margin:0;background:#f4f4f4;font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif">
<div style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;color:#1a1a1a">
<p style="margin:0 0 16px;color:#555555">{name}</p>
{image}<h1 style="margin:0 0 16px;font-size:22px">{title}</h1>
{paragraphs}
{button}<hr style="margin:32px 0 16px;border:0;border-top:1px solid #dddddd">
<p style="margin:0;font-size:12px;color:#555555">{footer}{stop}</p>
</div>
</body>
</html>
"""


def letter_words(
    programme: Programme,
    template: MessageTemplate,
    values: Mapping[str, Value],
    reader: tuple[str, str | None],
    link: str | None,
    stop_url: str | None,
) -> LetterWords:
    """The e-mail for a reader (locale, name). `link` is where the button leads, `stop_url` where messages end."""
    locale, name = reader
    wording = put_into_words(programme, template, values, locale, name)
    brand = programme.section(ProgrammeConfig)
    brand_name = brand.name.in_locale(locale, brand.default_locale)
    words = template.email
    subject = fill(programme, words.subject, values, locale, name) if words.subject else wording.title
    body = fill(programme, words.body, values, locale, name) if words.body else wording.body
    label = words.button.in_locale(locale, brand.default_locale) if words.button else _in(_OPEN, locale)
    footer = _in(_FOOTER if stop_url else _SERVICE, locale).format(name=brand_name)
    text = "\n\n".join(
        part
        for part in (
            wording.title, body, f"{label}: {link}" if link else "",
            f"-- \n{footer}" + (f"\n{_in(_STOP, locale)}: {stop_url}" if stop_url else ""),
        )
        if part
    )  # fmt: skip
    html = _HTML.format(
        lang=escape(locale),
        dir=babel_locale(locale).text_direction,
        subject=escape(subject),
        name=escape(brand_name),
        title=escape(wording.title),
        image=_image(wording.image_url),
        paragraphs="\n".join(
            f'<p style="margin:0 0 16px;line-height:1.5">{escape(part).replace(chr(10), "<br>")}</p>'
            for part in body.split("\n\n")
        ),
        button=_button(link, label, brand.colours.accent),
        footer=escape(footer),
        stop=f' <a href="{escape(stop_url)}">{escape(_in(_STOP, locale))}</a>' if stop_url else "",
    )
    return LetterWords(locale, " ".join(subject.split()), text, html)


def stop_words(locale: str) -> str:
    """The words on the button that stops messages."""
    return _in(_STOP, locale)


def _image(url: str | None) -> str:
    if url is None:
        return ""
    return f'<img src="{escape(url)}" alt="" style="max-width:100%;margin:0 0 16px">\n'


def _button(link: str | None, label: str, colour: str) -> str:
    if link is None:
        return ""
    style = f"display:inline-block;padding:12px 20px;background:{colour};color:#ffffff;text-decoration:none"
    return f'<p style="margin:24px 0"><a href="{escape(link)}" style="{style}">{escape(label)}</a></p>\n'


def _in(words: Mapping[str, str], locale: str) -> str:
    return words.get(locale.partition("-")[0], words["en"])
