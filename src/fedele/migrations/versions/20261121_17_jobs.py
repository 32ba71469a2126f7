"""Jobs: the job library's own tables, the schedule of time-driven work, and the workers' heartbeat."""

from fedele.migrations.sql import run_sql, run_sql_file

revision = "20261121_17_jobs"
down_revision = "20261121_16_exchange"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_file("pgqueuer_1_6")
    run_sql(
        """
        -- When each piece of time-driven work is next due. A worker claims a row by moving next_run_at on.
        CREATE TABLE schedule (
            name text NOT NULL,
            next_run_at timestamptz NOT NULL,
            CONSTRAINT pk_schedule PRIMARY KEY (name)
        );

        -- One row a living worker, for /readyz and the operator.
        CREATE TABLE worker (
            id uuid NOT NULL,
            started_at timestamptz NOT NULL,
            seen_at timestamptz NOT NULL,
            CONSTRAINT pk_worker PRIMARY KEY (id)
        );
        """
    )
