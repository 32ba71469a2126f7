"""Fixtures that every test may ask for."""

pytest_plugins = [
    "tests.fixtures.stock",
    "tests.fixtures.database",
    "tests.fixtures.keys",
    "tests.fixtures.wallet",
    "tests.fixtures.phones",
    "tests.fixtures.forks",
    "tests.fixtures.processes",
    "tests.fixtures.commands",
    "tests.fixtures.story",
    "tests.fixtures.stage",
    "tests.fixtures.browser",
    "tests.fixtures.served",
]
