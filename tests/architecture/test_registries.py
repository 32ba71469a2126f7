"""Nothing is forgotten: what a room offers to a registry is in it, and names in registries are unique and real."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from types import ModuleType
from typing import Any, get_args, get_type_hints
from unittest.mock import MagicMock

import pytest
import typer
from pydantic import BaseModel

import fedele.cli
import fedele.domains
from fedele.bootstrap import FEED_SOURCES, PROGRAMME_SECTIONS, handlers_of, schedules_of
from fedele.domains.feed.types import FeedSource
from fedele.domains.messaging.config import MessagesConfig
from fedele.domains.programme.queries import check
from fedele.jobs.relay import listeners_by_kind
from fedele.jobs.types import Handler, Schedule
from fedele.kernel.event import Event

ROOMS = [room.name for room in pkgutil.iter_modules(fedele.domains.__path__)]
PROGRAMMES = sorted(entry.name for entry in files("fedele.programmes").iterdir() if entry.name.endswith(".yaml"))


def modules(name: str) -> Iterator[ModuleType]:
    """The module of this name of every room that has one."""
    for room in ROOMS:
        inside = {
            module.name for module in pkgutil.iter_modules(importlib.import_module(f"fedele.domains.{room}").__path__)
        }
        if name in inside:
            yield importlib.import_module(f"fedele.domains.{room}.{name}")


def called_with_nothing(function: Callable[..., Any]) -> Any:
    """Call a function that only remembers what it is given."""
    required = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    return function(*[MagicMock()] * len(required))


def registered() -> tuple[tuple[Handler, ...], tuple[Schedule, ...]]:
    """What the worker runs."""
    return called_with_nothing(handlers_of), called_with_nothing(schedules_of)


def makers(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any], bool]]:
    """Its functions that make handlers or schedules, and whether they make several at once."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ != module.__name__ or name.startswith("_"):
            continue
        made = get_type_hints(function).get("return")
        if made in (Handler, Schedule):
            yield name, function, False
        elif set(get_args(made)) & {Handler, Schedule}:
            yield name, function, True


def forgotten_makers(work: Iterable[Handler | Schedule], offered: Iterable[ModuleType]) -> list[str]:
    """Functions that make handlers or schedules which are not among the work."""
    origins = {(one.run.__module__, one.run.__qualname__.partition(".")[0]) for one in work}
    names = {one.name for one in work}
    found = []
    for module in offered:
        for name, function, several in makers(module):
            if several:
                missing = {one.name for one in called_with_nothing(function)} - names
            else:
                missing = set() if (module.__name__, name) in origins else {name}
            found += [f"{module.__name__}.{name}: {each}" for each in sorted(missing)]
    return found


def test_every_handler_and_schedule_is_in_the_fuse_box() -> None:
    """What a room's handlers.py or jobs.py makes is run by the worker."""
    handlers, schedules = registered()
    offered = [*modules("handlers"), *modules("jobs")]
    assert len(offered) > 5
    assert [module.__name__ for module in offered if not list(makers(module))] == []
    assert forgotten_makers([*handlers, *schedules], offered) == []


def test_the_check_can_see_a_forgotten_handler() -> None:
    """Without one handler and one schedule, the two are missed."""
    handlers, schedules = registered()
    offered = [*modules("handlers"), *modules("jobs")]
    fewer = [one for one in (*handlers, *schedules) if one.name not in ("feed.forget_member", "ledger.checkpoint")]
    assert len(forgotten_makers(fewer, offered)) == 2


def test_names_of_work_are_unique() -> None:
    """Jobs in the queue carry the handler's name, rows of `schedule` the schedule's: two of one name lose work."""
    handlers, schedules = registered()
    listeners_by_kind(handlers)  # refuses two of one name
    for work in (handlers, schedules):
        counts = Counter(one.name for one in work)
        assert [name for name, count in counts.items() if count > 1] == []
        assert [name for name in counts if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", name)] == []


def test_every_feed_source_is_in_the_feed() -> None:
    """A room's feed.py has FEED_SOURCE, and bootstrap lists it."""
    offered = list(modules("feed"))
    assert len(offered) > 3
    for module in offered:
        assert isinstance(module.FEED_SOURCE, FeedSource), module.__name__
        assert module.FEED_SOURCE in FEED_SOURCES, module.__name__
    names = Counter(dataclasses.astuple(source)[0] for source in FEED_SOURCES)
    assert max(names.values()) == 1


def referred(annotation: Any) -> set[type[BaseModel]]:
    """The models inside a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for argument in get_args(annotation) for model in referred(argument)}


def sections_of(offered: Iterable[ModuleType]) -> set[type[BaseModel]]:
    """The models of all config.py that no other model of them is made of or made from: the sections of the file.

    A room may be the part of another's section only: a prize, a budget.
    """
    own = {
        model
        for module in offered
        for _, model in inspect.getmembers(module, inspect.isclass)
        if issubclass(model, BaseModel) and model.__module__ == module.__name__
    }
    parts = {
        part for model in own for hint in get_type_hints(model, include_extras=True).values() for part in referred(hint)
    }
    parts |= {part for model in own for base in model.__mro__ for part in referred(_item(base))}
    bases = {base for model in own for base in model.__mro__[1:]}
    return own - parts - bases


def _item(model: type) -> Any:
    """What a list-like section is made of: Items[Currency] → Currency."""
    generic = getattr(model, "__pydantic_generic_metadata__", {"args": ()})
    return generic["args"][0] if generic["args"] else None


def test_every_section_of_the_programme_is_read() -> None:
    """A room's section model is in PROGRAMME_SECTIONS, and only such models are."""
    assert sections_of(modules("config")) == set(PROGRAMME_SECTIONS.values())


def events() -> list[type[Event]]:
    """Every event that a room announces: subclasses of Event that are no base of others."""
    for _module in modules("events"):
        pass

    def below(kind: type[Event]) -> Iterator[type[Event]]:
        for sub in kind.__subclasses__():
            yield from below(sub) if sub.__subclasses__() else (sub,)

    return [event for event in below(Event) if event.__module__.startswith("fedele.")]


def test_event_kinds_are_unique_and_dotted() -> None:
    """`room.what_happened`: the kind is how the outbox, the queue and programme files name the event."""
    announced = events()
    assert len(announced) > 20
    counts = Counter(event.kind for event in announced)
    assert [kind for kind, count in counts.items() if count > 1] == []
    assert [kind for kind in counts if not re.fullmatch(r"[a-z_]+\.[a-z_]+", kind)] == []
    for event in announced:
        assert event.__module__.split(".")[-1] == "events", event
        assert event.__dataclass_params__.frozen, event


def test_handlers_listen_to_events_that_exist() -> None:
    """No handler waits for a base class, whose kind nobody announces."""
    handlers, _ = registered()
    assert {handler.event for handler in handlers} <= set(events())


@pytest.mark.parametrize("name", PROGRAMMES)
def test_words_are_for_events_that_exist(name: str) -> None:
    """A template of a shipped programme names the kind of an event that members are told of."""
    text = files("fedele.programmes").joinpath(name).read_text(encoding="utf-8")
    handlers, _ = registered()
    told = {handler.event.kind for handler in handlers if handler.name.startswith("messaging.announce_")}
    wanted = {
        template.on
        for template in check(text, PROGRAMME_SECTIONS, name).section(MessagesConfig).templates
        if template.on is not None  # others are sent by name, by campaigns and journeys
    }
    assert wanted
    assert wanted - {event.kind for event in events()} == set()
    assert wanted - told == set()


def test_every_group_of_commands_is_on_the_command_line() -> None:
    """A Typer of a file in cli/ hangs below `fedele`."""

    def below(app: typer.Typer) -> Iterator[typer.Typer]:
        yield app
        for group in app.registered_groups:
            assert group.typer_instance is not None
            yield from below(group.typer_instance)

    reached = {id(app) for app in below(fedele.cli.app)}
    for module in pkgutil.iter_modules(fedele.cli.__path__, "fedele.cli."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, typer.Typer):
                assert id(value) in reached, f"{module.name}.{name} is not in fedele.cli"
