"""The store of published documents, on a real PostgreSQL."""

import dataclasses
from typing import Any

import asyncpg
import pytest

from fedele.db.database import Database
from fedele.domains.documents import commands, queries
from fedele.domains.documents.types import TrustedDocument

HOME = TrustedDocument("a" * 64, "member", "ios", "Home", "query Home { me { id } }")


async def test_a_published_document_is_found_by_its_hash(database: Database) -> None:
    """The text comes back for its hash on its schema, and for nothing else."""
    async with database.transaction() as tx:
        assert await commands.publish(tx, [HOME]) == 1
    assert await queries.find_body(database.reader, HOME.sha256, "member") == HOME.body
    assert await queries.find_body(database.reader, HOME.sha256, "staff") is None
    assert await queries.find_body(database.reader, "b" * 64, "member") is None
    assert await queries.list_documents(database.reader, "ios") == [HOME]


async def test_publishing_again_changes_nothing(database: Database) -> None:
    """Who published a text first stays its publisher; a second app's copy is no news."""
    async with database.transaction() as tx:
        await commands.publish(tx, [HOME])
    async with database.transaction() as tx:
        assert await commands.publish(tx, [dataclasses.replace(HOME, app="android")]) == 0
    assert await queries.list_documents(database.reader, "android") == []


async def test_a_published_document_never_vanishes(database: Database, admin: Any) -> None:
    """Phones in the field name it for years: the application's role cannot change or delete it, nor can a slip."""
    async with database.transaction() as tx:
        await commands.publish(tx, [HOME])
    for statement in ("DELETE FROM trusted_document", "UPDATE trusted_document SET body = ''"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction() as tx:
                await tx.execute(statement)
        with pytest.raises(asyncpg.PostgresError):
            await admin.execute(statement)
    assert await queries.find_body(database.reader, HOME.sha256, "member") == HOME.body
