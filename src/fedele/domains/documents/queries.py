"""Reading published documents."""

from fedele.db.database import Queryable
from fedele.domains.documents.types import SchemaName, TrustedDocument


async def find_body(db: Queryable, sha256: str, schema_name: SchemaName) -> str | None:
    """The text of this hash on this schema, or None if nobody has published it."""
    body: str | None = await db.fetch_value(
        "SELECT body FROM trusted_document WHERE sha256 = $1 AND schema_name = $2", sha256, schema_name
    )
    return body


async def list_documents(db: Queryable, app: str) -> list[TrustedDocument]:
    """What one app has published, by name. An app publishes some dozens: no pages."""
    rows = await db.fetch(
        "SELECT sha256, schema_name, app, name, body FROM trusted_document WHERE app = $1 ORDER BY name, sha256", app
    )
    return [TrustedDocument(row["sha256"], row["schema_name"], row["app"], row["name"], row["body"]) for row in rows]
