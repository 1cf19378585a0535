"""Declare the tables of votes and feedback."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer
from sqlmodel import Field

from notifier.store.tables.columns import Table, instant


def _subscriber() -> Column[int]:
    return Column(Integer, ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)


class VoteRow(Table, table=True):
    """A subscriber's vote for a paper. `paper.votes` is the number of a paper's rows."""

    __tablename__ = "vote"
    __table_args__ = (Index("ix_vote_paper_id_voted_on", "paper_id", "voted_on"),)

    subscriber_id: int = Field(sa_column=_subscriber())
    paper_id: int = Field(primary_key=True, foreign_key="paper.id")
    voted_on: date


class FeedbackRow(Table, table=True):
    """What a subscriber has said about a paper: "more like this" (`liked`), or "not for me"."""

    __tablename__ = "feedback"

    subscriber_id: int = Field(sa_column=_subscriber())
    paper_id: int = Field(primary_key=True, foreign_key="paper.id", index=True)
    liked: bool = Field(sa_column=Column(Boolean, nullable=False))
    given_at: datetime = Field(sa_column=instant())
