"""The tables of automatic rewards."""

import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKeyConstraint, Index, Text, Uuid
from sqlmodel import Field

from fedele.db.base import Table


class AutoRewardChoice(Table, table=True):
    """The mode that a member chose of an automatic reward."""

    __tablename__ = "auto_reward_choice"
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    auto_reward_key: str = Field(sa_type=Text, primary_key=True)
    mode: str = Field(sa_type=Text)
    chosen_at: datetime.datetime = Field(sa_type=DateTime(timezone=True))


class AutoRewardIssue(Table, table=True):
    """Units that became a held reward. `window_key`: the last day of the window that it counts in."""

    __tablename__ = "auto_reward_issue"
    __table_args__ = (
        ForeignKeyConstraint(
            ["member_id", "redemption_id"],
            ["redemption.member_id", "redemption.redemption_id"],
            name="fk_auto_reward_issue_member_id_redemption",
        ),
        Index("ix_auto_reward_issue_member_id_auto_reward_key", "member_id", "auto_reward_key", "issued_at"),
        CheckConstraint("units > 0", name="units_positive"),
    )
    member_id: UUID = Field(sa_type=Uuid, primary_key=True)
    redemption_id: UUID = Field(sa_type=Uuid, primary_key=True)
    auto_reward_key: str = Field(sa_type=Text)
    mode: str = Field(sa_type=Text)
    window_key: datetime.date | None = Field(default=None, sa_type=Date)
    currency: str = Field(sa_type=Text)
    units: int = Field(sa_type=BigInteger)
    transaction_id: UUID = Field(sa_type=Uuid)
    issued_at: datetime.datetime = Field(sa_type=DateTime(timezone=True))
    issued_on: datetime.date = Field(sa_type=Date)
    revoked_at: datetime.datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
