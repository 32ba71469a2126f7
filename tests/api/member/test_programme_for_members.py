"""The programme in the members' schema: spoken in the request's language, open to whoever has not joined yet."""

from pathlib import Path

import pytest

QUERY = Path("graphql/operations/member/GetProgramme.graphql").read_text()


@pytest.mark.parametrize(
    ("language", "name", "currency", "tier", "way"),
    [
        ("en", "Harvest Lane Club", "points", "Harvest", "1 point for every dollar"),
        ("it-CH", "Club Harvest Lane", "punti", "Raccolto", "1 punto per ogni dollaro"),
        ("ru", "Клуб Harvest Lane", "баллов", "Урожай", "1 балл за каждый доллар"),
        ("ar", "نادي هارفست لين", "نقطة", "حصاد", "نقطة واحدة مقابل كل دولار"),
        ("ja", "Harvest Lane Club", "points", "Harvest", "1 point for every dollar"),
    ],
)
async def test_anybody_reads_the_programme_in_their_language(api, language, name, currency, tier, way):
    """Without a token, in each shipped language, and in English for one that nobody wrote."""
    answer = await api.ask(QUERY, headers={"Accept-Language": language})
    assert "errors" not in answer
    programme = answer["data"]["programme"]
    assert programme["name"] == name
    assert programme["currencies"][0]["name"] == currency
    assert [level["name"] for level in programme["tiers"]][1] == tier
    assert programme["waysToEarn"][0]["title"] == way


async def test_the_programme_has_exact_numbers_and_colours(api):
    """Worth, thresholds and rates travel as text; an amount that depends on what was done is null."""
    programme = (await api.ask(QUERY))["data"]["programme"]
    assert programme["currencies"][0]["worth"] == "0.01"
    assert [(level["key"], level["threshold"], level["multiplier"]) for level in programme["tiers"]] == [
        ("sprout", "0", "1"),
        ("harvest", "1500", "1.25"),
        ("orchard", "4000", "1.5"),
    ]
    ways = {way["key"]: (way["amount"], way["per"], way["event"]) for way in programme["waysToEarn"]}
    assert ways["fresh-double"] == ("2", {"amount": "1.00", "currency": "USD"}, None)
    assert ways["bag-return"] == ("5", None, "own_bag")
    assert ways["cooking-class"] == (None, None, "class.attended")
    assert programme["colours"]["background"] == "#0B5D3B"
    assert {text["key"] for text in programme["texts"]} >= {"how_it_works", "join_title"}
