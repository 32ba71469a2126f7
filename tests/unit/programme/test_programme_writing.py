"""A programme written by a machine reads back as the same programme; the JSON Schema tells editors all of it."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedele.bootstrap import PROGRAMME_SECTIONS
from fedele.domains.programme.queries import check, json_schema, plan, write
from tests.factories.programme import grocer, make_programme

keys = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)
amounts = st.decimals(min_value="0.01", max_value=10**6, places=2).map(str)
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
texts = words | st.dictionaries(st.sampled_from(["en", "it", "ru", "ar"]), words, min_size=1)
clock = st.times().map(lambda value: value.strftime("%H:%M"))
conditions = st.sampled_from(["line.amount > 5.0", "line.department in ['NO', \"it's\"]", "now.hour < 10 || true"])


@st.composite
def programmes(draw):
    """The plain content of a random valid programme: whatever keys, texts in whatever script, rules of both types."""
    currency_keys = draw(st.lists(keys, min_size=1, max_size=3, unique=True))
    rule_keys = draw(st.lists(keys, max_size=5, unique=True))
    place_keys = draw(st.lists(keys, max_size=3, unique=True))
    return {
        "programme": {"key": "p", "name": draw(texts), "time_zone": "Asia/Kolkata", "home_currency": "INR"},
        "currencies": [
            {"key": key, "name": draw(texts), "decimals": draw(st.integers(0, 4)), "worth": draw(amounts)}
            for key in currency_keys
        ],
        "places": [
            {
                "key": key,
                "name": draw(texts),
                "latitude": draw(st.floats(-90, 90)),
                "longitude": draw(st.floats(-180, 180)),
                "hours": [{"days": ["mon"], "opens": draw(clock), "closes": draw(clock | st.just("24:00"))}],
            }
            for key in place_keys
        ],
        "earning": {"rules": [draw(rules(key, currency_keys)) for key in rule_keys]},
    }


@st.composite
def rules(draw, key, currency_keys):
    """A random rule, as plain content."""
    rule = {"key": key, "name": draw(texts), "currency": draw(st.sampled_from(currency_keys))}
    if draw(st.booleans()):
        return rule | {"type": "purchase_multiplier", "multiplier": draw(amounts), "when": draw(conditions)}
    caps = [{"per": "day", "amount": draw(amounts), "over": "reject"}]
    return rule | {"type": "event_award", "event": "ride", "amount": draw(amounts), "caps": caps}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programmes())
def test_a_written_programme_reads_back_as_the_same_one(content):
    """content → models → YAML → models: equal, without a difference, whatever the texts hold."""
    models = {key: model.model_validate(content[key]) for key, model in PROGRAMME_SECTIONS.items() if key in content}
    checked = check(write(models), PROGRAMME_SECTIONS)
    assert {key: checked.sections[key] for key in models} == models
    assert plan(make_programme(write(models)), checked) == ()


def test_the_demo_survives_writing():
    """Everything that a real file uses is written and read without loss."""
    checked = check(write(grocer().sections), PROGRAMME_SECTIONS)
    assert checked.sections == grocer().sections
    assert plan(grocer(), checked) == ()


def test_the_schema_describes_every_section_and_every_model():
    """An editor finds a description on each section and on each model below it."""
    schema = json_schema(PROGRAMME_SECTIONS)
    json.dumps(schema)
    assert set(schema["properties"]) == {"format", *PROGRAMME_SECTIONS}
    undescribed = [name for name, model in schema["$defs"].items() if not model.get("description")]
    assert undescribed == []
