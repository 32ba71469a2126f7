"""Fixtures that every test may ask for."""

pytest_plugins = [
    "tests.fixtures.database",
    "tests.fixtures.schemas",
    "tests.fixtures.served",
    "tests.fixtures.wallet",
    "tests.fixtures.phones",
]
