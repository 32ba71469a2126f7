"""Decision notes can be found and say what was decided."""

import re
from pathlib import Path

import fedele

FOLDER = Path(fedele.__file__).parent / "decisions"
NOTES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
ENTRY = re.compile(r"^- \[(\d{4})\]\(([^)]+)\) (.+)$", re.MULTILINE)
CHECKS = re.compile(r"`((?:tests|src)/[A-Za-z0-9_/.-]+)`")
LINES_MAX = 50


def title(note: Path) -> str:
    """Its first line, without a number."""
    first = note.read_text(encoding="utf-8").splitlines()[0]
    return re.sub(r"^# (\d{4}\. )?", "", first)


def test_every_note_is_in_the_index() -> None:
    """README.md lists each note once, in order, under its own title."""
    listed = ENTRY.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
    assert listed == [(note.name[:4], note.name, title(note)) for note in NOTES]


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
