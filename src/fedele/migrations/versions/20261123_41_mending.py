"""What a second reading found."""

from fedele.migrations.sql import run_sql

revision = "20261123_41_mending"
down_revision = "20261123_40_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _sightings()


def _sightings() -> None:
    """Erasure looks sightings up by member, and the daily trimming by their age: neither may read them all."""
    run_sql(
        """
        CREATE INDEX ix_fraud_sighting_member_id ON fraud_sighting (member_id);
        CREATE INDEX ix_fraud_sighting_occurred_at ON fraud_sighting USING brin (occurred_at);
        """
    )
