"""From outside a room only its front door may be entered."""

import grimp
import pytest

FRONT_DOOR = {"types", "queries", "commands", "events", "errors", "config", "ports"}
EXEMPT = ("fedele.bootstrap", "fedele.wiring", "fedele.migrations")  # those that wire everything


def trespasses(graph: grimp.ImportGraph) -> list[str]:
    """Imports that enter a room by another way than its front door."""
    found = []
    for importer in graph.modules:
        if importer.startswith(EXEMPT):
            continue
        for imported in graph.find_modules_directly_imported_by(importer):
            parts = imported.split(".")
            if parts[:2] != ["fedele", "domains"] or len(parts) < 4:
                continue
            room = ".".join(parts[:3])
            if importer != room and not importer.startswith(f"{room}.") and parts[3] not in FRONT_DOOR:
                found.append(f"{importer} → {imported}")
    return sorted(found)


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Fedele's imports."""
    return grimp.build_graph("fedele", cache_dir=None)


def test_rooms_are_entered_by_their_front_door(graph: grimp.ImportGraph) -> None:
    """Only types, queries, commands, events, errors, config and ports are imported from outside a room."""
    assert trespasses(graph) == []


def test_the_check_can_see_a_trespass(graph: grimp.ImportGraph) -> None:
    """A planted import of a room's tables is found."""
    planted = grimp.build_graph("fedele", cache_dir=None)
    planted.add_import(importer="fedele.api.schema", imported="fedele.domains.ledger.tables")
    assert trespasses(planted) == [*trespasses(graph), "fedele.api.schema → fedele.domains.ledger.tables"]


def test_there_are_rooms_to_guard(graph: grimp.ImportGraph) -> None:
    """The walk sees the domain's rooms, so that an empty answer means something."""
    rooms = {module.split(".")[2] for module in graph.modules if module.startswith("fedele.domains.")}
    assert {"members", "ledger", "programme", "checkout"} <= rooms
