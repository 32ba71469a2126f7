"""What the tills remember: what they asked, under which key, and what they were answered."""

import dataclasses
from decimal import Decimal
from typing import Any, Literal, TypeAlias

State: TypeAlias = Literal["open", "acknowledged", "refused"]


@dataclasses.dataclass(slots=True)
class Asked:
    """One operation that writes. Open: sent, perhaps carried out, and never answered."""

    kind: Literal["sale", "return"]
    store: str
    key: str
    receipt: str
    total: Decimal
    state: State = "open"
    id: str | None = None  # of the purchase or the return, as the server named it
    member: str | None = None
    earned: dict[str, Decimal] = dataclasses.field(default_factory=dict)
    burned: dict[str, Decimal] = dataclasses.field(default_factory=dict)
    purchase: str | None = None  # of a return
    quantities: dict[int, Decimal] = dataclasses.field(default_factory=dict)  # of a return, by line
    codes: tuple[str, ...] = ()  # why it was refused
    answers: int = 0
    reply: Any = None


@dataclasses.dataclass(slots=True)
class Journal:
    """The whole run. `wrong` holds replies that contradict an earlier reply to the same key."""

    run: str
    asked: list[Asked] = dataclasses.field(default_factory=list)
    wrong: list[str] = dataclasses.field(default_factory=list)
    waits: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    unanswered: int = 0  # requests without a reply, each tried again
    honest: set[str] = dataclasses.field(default_factory=set)  # members who only shop
    frauds: dict[str, str] = dataclasses.field(default_factory=dict)  # members who cheat → how

    def count(self, kind: str, state: State) -> int:
        """How many operations of this kind ended like this."""
        return sum(1 for one in self.asked if (one.kind, one.state) == (kind, state))

    def acknowledge(self, asked: Asked, reply: dict[str, Any]) -> None:
        """Keep the reply; a second one to the same key must be the same, to the letter."""
        asked.answers += 1
        if asked.state == "refused":
            self.wrong.append(f"{asked.kind} {asked.key}: refused with {asked.codes}, then acknowledged")
        elif asked.state == "acknowledged" and asked.reply != reply:
            self.wrong.append(f"{asked.kind} {asked.key}: two different replies to one key: {asked.reply} … {reply}")
        asked.state, asked.reply = "acknowledged", reply

    def refuse(self, asked: Asked, codes: tuple[str, ...]) -> None:
        """Keep why it was refused."""
        asked.answers += 1
        if asked.state == "acknowledged":
            self.wrong.append(f"{asked.kind} {asked.key}: acknowledged, then refused with {codes}")
        asked.state, asked.codes = "refused", codes
