"""Declare the tables of what curators do: pins, hidden papers, corrections, merges by hand, and the log of it all.

They are tables of their own, because few papers have rows in them.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, ForeignKey, Integer, Text
from sqlmodel import Field

from notifier.store.tables.columns import NEVER_REUSE_IDS, Table, flag, instant


def _paper_key() -> Column[int]:
    return Column(Integer, ForeignKey("paper.id", ondelete="CASCADE"), primary_key=True)


class PinRow(Table, table=True):
    """A paper that a curator has pinned to a day, with a note that `name` has signed.

    `has_begun` is set when the day has begun somewhere on Earth. Before that, nothing shows the pin.
    """

    __tablename__ = "pin"

    paper_id: int = Field(sa_column=_paper_key())
    day: date = Field(index=True)
    note: str = Field(sa_column=Column(Text, nullable=False))
    name: str
    pinned_at: datetime = Field(sa_column=instant())
    has_begun: bool = Field(default=False, sa_column=flag())


class HiddenPaperRow(Table, table=True):
    """A paper that a curator has hidden: no list, feed, search or new digest shows it."""

    __tablename__ = "hidden_paper"

    paper_id: int = Field(sa_column=_paper_key())
    hidden_at: datetime = Field(sa_column=instant())


class CorrectionRow(Table, table=True):
    """The value that a curator has given a field of a paper, `title` or `url`, in place of what the dumps say."""

    __tablename__ = "correction"

    paper_id: int = Field(sa_column=_paper_key())
    field: str = Field(primary_key=True)
    value: str = Field(sa_column=Column(Text, nullable=False))


class TopicCorrectionRow(Table, table=True):
    """A topic that a curator has given to a paper, or taken from it, whatever the topic's query says."""

    __tablename__ = "topic_correction"

    paper_id: int = Field(sa_column=_paper_key())
    slug: str = Field(primary_key=True)
    is_added: bool = Field(sa_column=flag())


class CorrectedIdentityRow(Table, table=True):
    """An identity of a paper that follows from a correction; no listing has had it (see PaperTitleRow)."""

    __tablename__ = "corrected_identity"

    identity: str = Field(primary_key=True)
    paper_id: int = Field(sa_column=Column(Integer, ForeignKey("paper.id", ondelete="CASCADE"), primary_key=True))


class DumpFactsRow(Table, table=True):
    """What the dumps say of a paper whose row shows something else, because a curator has changed it.

    Such a paper was corrected, or others were merged into it by hand. Each of these others has a row too: `paper_id` is
    the id that it had. `shown_by` is the paper that shows the facts. `merged_into` is the paper that a curator merged
    this one into; it is null if this one was not merged into another. `old_key` is the key that a merged paper had.
    `facts` and `kept` are JSON; `kept` has what is needed to part a merged paper again.
    """

    __tablename__ = "dump_facts"

    paper_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    shown_by: int = Field(
        sa_column=Column(Integer, ForeignKey("paper.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    merged_into: int | None = None
    old_key: str = ""
    facts: str = Field(sa_column=Column(Text, nullable=False))
    kept: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


class PartedPairRow(Table, table=True):
    """Two papers that a curator has parted, so that no dump joins them; `paper_id` is the lower id."""

    __tablename__ = "parted_pair"

    paper_id: int = Field(sa_column=_paper_key())
    other_id: int = Field(sa_column=_paper_key())


class CurationRow(Table, table=True):
    """An entry of the curators' log: who did what to which paper, with the state before and after as JSON.

    `actor` is an address; it is empty if the operator did it by a command. `undoes` is the id of the entry that this
    one has undone. `key` and `title` are those that the paper had.
    """

    __tablename__ = "curation"
    __table_args__ = NEVER_REUSE_IDS

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_column=instant())
    actor: str
    action: str
    paper_id: int = Field(index=True)
    key: str
    title: str
    before: str = Field(sa_column=Column(Text, nullable=False))
    after: str = Field(sa_column=Column(Text, nullable=False))
    undoes: int | None = Field(default=None, index=True)
