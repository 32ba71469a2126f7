"""Decision notes can be found and say what was decided."""

import re

from tests.architecture.refresh_decisions import FOLDER, index, notes, title

NOTES = notes()
CHECKS = re.compile(r"`((?:tests|src)/[A-Za-z0-9_/.-]+)`")
LINES_MAX = 50


def test_every_note_is_in_the_index() -> None:
    """README.md lists each note once, in order, under its own title."""
    advice = "run `python -m tests.architecture.refresh_decisions` and commit src/fedele/decisions/README.md"
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == index(), advice


def test_numbers_are_used_once() -> None:
    """0042 names one decision."""
    numbers = [note.name[:4] for note in NOTES]
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", note.name) for note in NOTES)
    assert len(numbers) == len(set(numbers)) > 10


def test_titles_are_the_decisions() -> None:
    """A sentence that one may agree with or not, never a topic: several words, no question, no full stop."""
    for note in NOTES:
        words = title(note).split()
        assert len(words) >= 4, f"{note.name}: {title(note)}"
        assert title(note)[0].isupper() or words[0].endswith(("-admin", "-pkpass")), note.name
        assert not title(note).endswith((".", "?", ":")), note.name


def test_notes_are_one_page() -> None:
    """Who decides in more words has not decided."""
    assert [note.name for note in NOTES if len(note.read_text().splitlines()) > LINES_MAX] == []


def test_what_checks_a_decision_exists() -> None:
    """Files that a note names are there: a decision whose check is gone holds nobody."""
    root = FOLDER.parents[2]
    missing = [
        f"{note.name}: {name}"
        for note in NOTES
        for name in CHECKS.findall(note.read_text(encoding="utf-8"))
        if not (root / name).exists()
    ]
    assert missing == []
