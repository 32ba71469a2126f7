"""The pages of `/join`, as HTML. Pure: words and values in, text out; every value is escaped where it is written."""

import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from html import escape
from importlib import resources

import yaml

from fedele.api.texts import LOCALES
from fedele.domains.programme.config import Colours, Place, ProgrammeConfig, Texts
from fedele.domains.programme.types import Programme
from fedele.domains.wallet.config import JoinConsent

RIGHT_TO_LEFT = frozenset({"ar"})
CONTRAST_MIN = 4.5


@functools.cache
def all_words() -> dict[str, dict[str, str]]:
    """The words that ship with Fedele, by language."""
    text = resources.files("fedele.web").joinpath("join_texts.yaml").read_text(encoding="utf-8")
    words: dict[str, dict[str, str]] = yaml.safe_load(text)
    return words


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What every page of one visit shares: the language, the programme, the code's path and its place."""

    locale: str
    path: str
    programme: Programme | None = None
    place: Place | None = None

    @property
    def words(self) -> Mapping[str, str]:
        """The words of its language."""
        return all_words()[self.locale]

    @property
    def config(self) -> ProgrammeConfig | None:
        """The programme's own section."""
        return self.programme.section(ProgrammeConfig) if self.programme else None

    @property
    def default(self) -> str:
        """The language of texts that are not there in this one."""
        return self.config.default_locale if self.config else "en"

    @property
    def name(self) -> str:
        """The programme's name."""
        return self.config.name.in_locale(self.locale, self.default) if self.config else "Fedele"

    def languages(self) -> list[str]:
        """Those that both the programme and these pages speak; English where that is none."""
        spoken = {one.partition("-")[0] for one in self.config.locales} if self.config else set(LOCALES)
        return [one for one in LOCALES if one in spoken] or ["en"]


@dataclasses.dataclass(frozen=True, slots=True)
class Filled:
    """What a form was sent with, so that a mistake costs nobody the rest."""

    name: str = ""
    contact: str = dataclasses.field(default="", repr=False)
    purposes: Collection[str] = ()


def form_page(
    look: Look, token: str, consents: Sequence[JoinConsent], filled: Filled, problem: str = "", field: str = ""
) -> str:
    """Who are you, and what may we do? Every box is empty until it is ticked."""
    words, texts = look.words, look.programme.section(Texts) if look.programme else Texts()
    title = texts.join_title.in_locale(look.locale, look.default) if texts.join_title else ""
    body = texts.join_body.in_locale(look.locale, look.default) if texts.join_body else ""
    boxes = "".join(_box(look, one, one.purpose.value in filled.purposes) for one in consents)
    asked = (
        f'<fieldset><legend>{escape(words["consents"])}</legend><p class="quiet">{escape(words["consents_hint"])}</p>'
        f"{boxes}</fieldset>"
        if boxes
        else ""
    )
    inner = (
        f"<h1>{escape(title or words['title'].format(programme=look.name))}</h1><p>{escape(body or words['body'])}</p>"
        f'<form method="post" action="{escape(look.path)}?lang={look.locale}" novalidate>{_problem(problem)}'
        f"{_hidden(token)}"
        f'<div class="field"><label for="contact">{escape(words["contact"])}</label>'
        f'<p class="quiet" id="contact-hint">{escape(words["contact_hint"])}</p>'
        f'<input id="contact" name="contact" type="text" inputmode="email" autocomplete="email" autocapitalize="none" '
        f'spellcheck="false" dir="ltr" maxlength="320" required value="{escape(filled.contact)}" '
        f"{_described('contact-hint', field == 'contact')}></div>"
        f'<div class="field"><label for="name">{escape(words["name"])} '
        f'<span class="quiet">{escape(words["optional"])}</span></label>'
        f'<input id="name" name="name" type="text" autocomplete="given-name" dir="auto" maxlength="100" '
        f'value="{escape(filled.name)}" {_described("", field == "name")}></div>'
        f'{asked}<button type="submit">{escape(words["send"])}</button></form>'
    )
    return _page(look, inner, problem)


def code_page(look: Look, token: str, contact: str, problem: str = "") -> str:
    """The six digits that were sent."""
    words = look.words
    shown = f'<bdi dir="ltr">{escape(contact)}</bdi>'
    inner = (
        f"<h1>{escape(words['code_title'])}</h1><p>{escape(words['code_body']).format(contact=shown)}</p>"
        f'<form method="post" action="{escape(look.path)}/code?lang={look.locale}" novalidate>{_problem(problem)}'
        f"{_hidden(token)}"
        f'<div class="field"><label for="code">{escape(words["code"])}</label>'
        f'<input id="code" name="code" class="digits" type="text" inputmode="numeric" autocomplete="one-time-code" '
        f'pattern="[0-9]*" maxlength="16" required autofocus {_described("", bool(problem))}></div>'
        f'<button type="submit">{escape(words["confirm"])}</button></form>'
        f'<p class="more"><a href="{escape(look.path)}?lang={look.locale}">{escape(words["again"])}</a></p>'
    )
    return _page(look, inner, problem, "/code")


def card_page(look: Look, apple_url: str, google_url: str | None, user_agent: str) -> str:
    """The card, for this phone first. `google_url` None: Google Wallet is not configured here."""
    words = look.words
    apple = f'<a class="button" id="apple" href="{escape(apple_url)}">{escape(words["apple"])}</a>'
    inner = f"<h1>{escape(words['done_title'])}</h1><p>{escape(words['done_body'])}</p>"
    if google_url is None:
        return _page(look, f'{inner}<div class="card">{apple}</div>', path="/card")
    google = f'<a class="button" id="google" href="{escape(google_url)}">{escape(words["google"])}</a>'
    if "Android" in user_agent:
        first, other = google, apple
    elif any(one in user_agent for one in ("iPhone", "iPad", "iPod", "Macintosh")):
        first, other = apple, google
    else:
        return _page(look, f'{inner}<div class="card">{apple}{google}</div>', path="/card")
    more = f'<div class="other"><h2>{escape(words["other"])}</h2>{other}</div>'
    return _page(look, f'{inner}<div class="card">{first}{more}</div>', path="/card")


def unknown_page(look: Look) -> str:
    """No such code."""
    words = look.words
    return _page(look, f"<h1>{escape(words['unknown_title'])}</h1><p>{escape(words['unknown_body'])}</p>")


def brand_css(colours: Colours | None) -> str:
    """The programme's colours, as the pages' style sheet takes them; text on them is readable whatever they are."""
    if colours is None:
        return ""
    ground = colours.background
    text = colours.foreground
    if _contrast(ground, text) < CONTRAST_MIN:
        text = max("#000000", "#ffffff", key=lambda one: _contrast(ground, one))
    main = ground if _contrast(ground, "#ffffff") >= CONTRAST_MIN else "#17181a"
    on_main = text if main == ground else "#ffffff"
    # In the dark the brand's own colour may be too dark for buttons; ink on light is not.
    return (
        f":root {{ --brand: {ground}; --on-brand: {text}; }}\n"
        f"@media (prefers-color-scheme: light) {{ :root {{ --main: {main}; --on-main: {on_main}; }} }}\n"
    )


def _page(look: Look, inner: str, problem: str = "", path: str = "") -> str:
    direction = "rtl" if look.locale in RIGHT_TO_LEFT else "ltr"
    title = f"{look.words['wrong']} · {look.name}" if problem else look.name
    where = f'<p class="where">{escape(look.place.name.in_locale(look.locale, look.default))}</p>' if look.place else ""
    others = " ".join(
        f'<a href="{escape(look.path + path)}?lang={one}" hreflang="{one}" lang="{one}">'
        f"{escape(all_words()[one]['language'])}</a>"
        for one in look.languages()
        if one != look.locale
    )
    named = escape(look.words["languages"])
    choice = f'<nav aria-label="{named}">{others}</nav>' if others and look.programme else ""
    terms = (
        f'<p><a href="{escape(look.config.terms_url)}">{escape(look.words["terms"])}</a></p>'
        if look.config and look.config.terms_url
        else ""
    )
    return (
        f'<!doctype html><html lang="{look.locale}" dir="{direction}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><link rel="stylesheet" '
        f'href="/assets/join/page.css"><link rel="stylesheet" href="/join-brand.css">'
        f'<script src="/assets/join/page.js" defer></script></head><body>'
        f"<header><p>{escape(look.name)}</p>{where}</header><main>{inner}</main>"
        f"<footer>{choice}{terms}</footer></body></html>"
    )


def _problem(problem: str) -> str:
    return f'<p class="wrong" id="wrong" role="alert">{escape(problem)}</p>' if problem else ""


def _hidden(token: str) -> str:
    return f'<input type="hidden" name="token" value="{escape(token)}">'


def _described(hint: str, wrong: bool) -> str:
    ids = " ".join(one for one in (hint, "wrong" if wrong else "") if one)
    return (f'aria-describedby="{ids}" ' if ids else "") + ('aria-invalid="true" autofocus' if wrong else "")


def _box(look: Look, consent: JoinConsent, ticked: bool) -> str:
    text = escape(consent.text.in_locale(look.locale, look.default))
    return (
        f'<label class="tick"><input type="checkbox" name="consent" value="{consent.purpose.value}"'
        f"{' checked' if ticked else ''}><span>{text}</span></label>"
    )


def _contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
