"""The fixtures of tests that speak to the application. They import all of it, so no other folder pays for them."""

from tests.fixtures.api import api
from tests.fixtures.schemas import make_client
from tests.fixtures.served import node_clients

__all__ = ["api", "make_client", "node_clients"]
