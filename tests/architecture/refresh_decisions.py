"""Write the index of decision notes from their first lines: `python -m tests.architecture.refresh_decisions`."""

import re
from pathlib import Path

import fedele

FOLDER = Path(fedele.__file__).parent / "decisions"
HEAD = """# Decisions

One page each, and the title is the decision. A note says why, what it costs and what checks it. Change a decision by
changing its note, its check and the code together; `python -m tests.architecture.refresh_decisions` writes this list.
"""
# the number at which each group of notes begins
GROUPS = {
    0: "Value, requests and processes",
    10: "The programme file",
    16: "Operation",
    20: "Members, and who is asking",
    30: "GraphQL",
    40: "Wallet cards",
    50: "Speaking to members",
    60: "The till",
    70: "Files in and out",
    80: "Jobs, keys and the demo",
    83: "Returns, expiry, tiers and the day's close",
    97: "Rewards, challenges and referrals",
    110: "Changing a programme, and explaining it",
    120: "Budgets and the books",
    126: "Spending at the till",
    151: "Surveys, feedback and community",
    161: "Messages, journeys and segments",
    178: "Offers, places and weather",
    185: "The feed that learns",
    192: "Wallet cards: made, drawn, joined",
}


def notes() -> list[Path]:
    """Every note, by number."""
    return sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def title(note: Path) -> str:
    """Its first line, without a number."""
    first = note.read_text(encoding="utf-8").splitlines()[0]
    return re.sub(r"^# (\d{4}\. )?", "", first)


def index() -> str:
    """What README.md says."""
    lines, shown = [HEAD], set()
    for note in notes():
        group = max(start for start in GROUPS if start <= int(note.name[:4]))
        if group not in shown:
            lines += [f"\n## {GROUPS[group]}\n"] if shown else [f"## {GROUPS[group]}\n"]
            shown.add(group)
        lines.append(f"- [{note.name[:4]}]({note.name}) {title(note)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (FOLDER / "README.md").write_text(index(), encoding="utf-8")
