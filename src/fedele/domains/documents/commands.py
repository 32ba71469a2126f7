"""Publishing documents."""

from collections.abc import Sequence

from fedele.db.database import Transaction
from fedele.domains.documents.types import TrustedDocument


async def publish(tx: Transaction, documents: Sequence[TrustedDocument]) -> int:
    """Add these documents; those already there stay as they are. Returns how many are new."""
    rows = await tx.fetch(
        """
        INSERT INTO trusted_document (sha256, schema_name, app, name, body)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
        ON CONFLICT (sha256, schema_name) DO NOTHING
        RETURNING sha256
        """,
        [document.sha256 for document in documents],
        [document.schema_name for document in documents],
        [document.app for document in documents],
        [document.name for document in documents],
        [document.body for document in documents],
    )
    return len(rows)
