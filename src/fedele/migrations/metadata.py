"""The schema of record: every room's table classes, gathered without a list that somebody could forget to extend."""

import importlib
import pkgutil

from sqlalchemy import MetaData

import fedele.db.tables
import fedele.domains
import fedele.jobs.tables
from fedele.db.base import Table


def metadata() -> MetaData:
    """Import `tables.py` of every room that has one, and answer the metadata they filled."""
    for room in pkgutil.iter_modules(fedele.domains.__path__, "fedele.domains."):
        names = {module.name for module in pkgutil.iter_modules(importlib.import_module(room.name).__path__)}
        if "tables" in names:
            importlib.import_module(f"{room.name}.tables")
    return Table.metadata
