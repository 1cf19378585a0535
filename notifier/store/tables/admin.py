"""Declare the table of what administrators do on the pages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from notifier.store.tables.columns import NEVER_REUSE_IDS, Table, instant


class AdminLogRow(Table, table=True):
    """An entry of the administrators' log: who did what to what, and how it ended; see models.AdminEntry."""

    __tablename__ = "admin_log"
    __table_args__ = NEVER_REUSE_IDS

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_column=instant())
    actor: str
    action: str
    subject: str = Field(index=True)
    details: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    outcome: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
