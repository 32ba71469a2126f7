"""The typed fields of a `custom` reward: what a marketer hands to the app without a developer."""

import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from fedele.domains.programme.types import Section, Text


class TextField(Section):
    """`{type: text, value: {en: Red, it: Rosso}}`."""

    type: Literal["text"]
    value: Text


class NumberField(Section):
    """`{type: number, value: 12.5}`."""

    type: Literal["number"]
    value: Decimal


class FlagField(Section):
    """`{type: flag, value: true}`."""

    type: Literal["flag"]
    value: bool


class DateField(Section):
    """`{type: date, value: 2026-12-24}`."""

    type: Literal["date"]
    value: datetime.date


class LinkField(Section):
    """`{type: link, value: 'https://…'}`."""

    type: Literal["link"]
    value: str = Field(pattern=r"^[a-z][a-z0-9+.-]*:|^/")


CustomField = Annotated[TextField | NumberField | FlagField | DateField | LinkField, Field(discriminator="type")]
