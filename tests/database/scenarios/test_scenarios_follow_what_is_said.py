"""A scenario can expect where journeys have led, which words reached the member, and which surveys were opened."""

from pathlib import Path

from fedele.scenarios.playing import Played, play_scenario
from fedele.scenarios.reading import read_scenario_file
from fedele.scenarios.stage import open_stage, throw_away_database

STORY = """\
scenario: From the welcome to the question after the first visit
programme: ready-made-journeys
starts_at: 2026-03-02T10:00
members: [{key: anna, locale: it, phone: true}, {key: bob}]
steps:
  - do: check
    expect: {journeys: {welcome: morning, activation: a-week, vip: none}, messages: {}, surveys: {visit: none}}
  - at: 2026-03-03T09:05
    do: advance
    expect:
      journeys: {welcome: completed}
      messages: {push: Benvenuto!, in_app: Benvenuto!}
  - note: without a phone there is the app alone
    do: check
    member: bob
    expect: {messages: {in_app: Welcome!}}
  - at: 2026-03-04T12:00
    do: buy
    receipt: r1
    lines: [{amount: 20.00}]
    expect: {journeys: {activation: goal, after-visit: two-hours}, messages: {}}
  - note: nobody agreed to questions on the phone
    at: 2026-03-04T14:05
    do: advance
    expect:
      journeys: {after-visit: completed}
      surveys: {visit: open}
      messages: {in_app: "Com'è andata oggi?"}
  - do: answer
    survey: visit
    answers: {recommend: 9}
    expect: {surveys: {visit: answered}}
  - note: whoever does not come gets a nudge, and then a present
    at: 2026-03-16T12:00
    do: advance
    member: bob
    expect: {journeys: {activation: completed}, balances: {points: 25}, messages: {in_app: Your first points wait}}
"""


async def played(folder: Path, server_url: str, *texts: str) -> list[Played]:
    """Each of these scenarios, on one stage."""
    found = []
    async with throw_away_database(server_url) as url, open_stage(url) as stage:
        for text in texts:
            (folder / "story.yaml").write_text(text)
            found.append(await play_scenario(stage, read_scenario_file(folder / "story.yaml")))
    return found


async def test_a_story_of_words_is_followed_and_a_wrong_word_is_told(tmp_path: Path, postgres_url: str) -> None:
    """As it is, it passes; with another title, another step, another state it ends there, and says what was so."""
    wrong = {
        "push: Benvenuto!": "push: Welcome!", "after-visit: two-hours": "after-visit: ask",
        "visit: answered": "visit: expired",
    }  # fmt: skip
    right, *others = await played(tmp_path, postgres_url, STORY, *(STORY.replace(*pair) for pair in wrong.items()))
    assert right.failure is None, right.failure
    failures = [one.failure for one in others if one.failure is not None]
    told = [[(each.what, each.expected, each.actual) for each in failure.differences] for failure in failures]
    assert told == [
        [("messages", "in_app “Benvenuto!”, push “Welcome!”", "in_app “Benvenuto!”, push “Benvenuto!”")],
        [("journeys", "activation goal, after-visit ask", "activation goal, after-visit two-hours")],
        [("surveys", "visit expired", "visit answered")],
    ]  # fmt: skip
