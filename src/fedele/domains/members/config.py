"""The `members` section of the programme file: who may enrol, and which preferences members can set."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fedele.domains.members.types import Channel, Purpose


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChoicePreference(_Section):
    """One of a closed list, e.g. diet: vegetarian."""

    type: Literal["choice"]
    choices: tuple[str, ...] = Field(min_length=1)


class ChoicesPreference(_Section):
    """Several of a closed list, e.g. favourite departments."""

    type: Literal["choices"]
    choices: tuple[str, ...] = Field(min_length=1)
    choices_max: int = Field(default=20, ge=1)


class FlagPreference(_Section):
    """Yes or no."""

    type: Literal["flag"]


class NumberPreference(_Section):
    """A number between bounds, e.g. household_size."""

    type: Literal["number"]
    minimum: float | None = None
    maximum: float | None = None


class TextPreference(_Section):
    """Free text of limited length."""

    type: Literal["text"]
    length_max: int = Field(default=200, ge=1, le=2000)


Preference = Annotated[
    ChoicePreference | ChoicesPreference | FlagPreference | NumberPreference | TextPreference,
    Field(discriminator="type"),
]


class MembersConfig(_Section):
    """Enrolment and preferences. `consents` are the pairs the app asks for, in order."""

    enrolment: Literal["open", "closed"] = "open"
    phone_region: str = Field(default="IT", pattern="^[A-Z]{2}$", description="Where a number without +prefix is from.")
    preferences: dict[str, Preference] = Field(default_factory=dict)
    consents: dict[Purpose, tuple[Channel, ...]] = Field(default_factory=dict)

    def preference(self, key: str) -> Any:
        """The declaration of this preference, or None."""
        return self.preferences.get(key)
