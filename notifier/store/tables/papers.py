"""Declare the tables of papers and their listings."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Index, Integer, Text, UniqueConstraint, text
from sqlmodel import Field

from notifier.store.tables.columns import NEVER_REUSE_IDS, Table, flag, instant, strings

VOTES_CHANGED = text("votes <> votes_considered")


class PaperRow(Table, table=True):
    """A paper.

    `guid` identifies the paper in feeds and never changes. Whenever the paper is announced, `sequence` gets the next
    higher number; `first_sequence` is the value with which the row was stored. Cursors are never below 0, so a paper
    with a sequence number below 0 is in no digest. Two kinds of papers have such numbers: those that count as announced
    already (`archived`), and those that were listed only because they were replaced or withdrawn.
    """

    __tablename__ = "paper"
    # The index has all columns that are needed to choose the papers of a page in a list by listing day.
    __table_args__ = (
        Index("ix_paper_listed_on", "listed_on", "id", "sequence", "archived"),
        Index("ix_paper_votes_changed", "id", sqlite_where=VOTES_CHANGED),
        NEVER_REUSE_IDS,
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    guid: str = Field(unique=True)
    arxiv_id: str | None = Field(default=None, unique=True)
    sequence: int = Field(unique=True)
    first_sequence: int
    archived: bool = Field(default=False, sa_column=flag())
    first_seen: datetime = Field(sa_column=instant(index=True))
    listed_on: date
    title: str
    abstract: str
    url: str | None = None
    source: str
    upvotes: int | None = None
    authors: tuple[str, ...] = Field(sa_column=strings())
    categories: tuple[str, ...] = Field(sa_column=strings())
    keywords: tuple[str, ...] = Field(sa_column=strings())
    version: int | None = None
    doi: str | None = None
    published: date | None = None
    updated: date | None = None
    note: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    summary: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    pdf: str | None = None
    page: str | None = None
    project: str | None = None
    code: str | None = None
    stars: int | None = None
    withdrawn: bool = Field(default=False, sa_column=flag())
    # The number of the paper's rows in the table `vote`. `votes_considered` is this number when planning last looked
    # whether to announce and to tag the paper again, and `most_votes` the highest number that it found.
    votes: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    votes_considered: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    most_votes: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    has_corrected_url: bool = Field(default=False, sa_column=flag())  # a curator has given the `url`
    # JSON: for each field, the precedence of the format and the listing day of the dump that its value comes from.
    origins: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    # `revision` counts the changes of the paper. `tagged_by` is the fingerprint of the topic catalogue that tagged the
    # newest revision; it is null if that revision has not been tagged.
    revision: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    tagged_by: str | None = Field(default=None, index=True)


class PaperTopicRow(Table, table=True):
    """A tag: a paper and one of its topics."""

    __tablename__ = "paper_topic"

    slug: str = Field(primary_key=True)
    paper_id: int = Field(primary_key=True, foreign_key="paper.id", index=True)


class TopicCatalogueRow(Table, table=True):
    """The canonical queries of a topic catalogue by slug, as JSON, and the text rules under which they were made.

    `fingerprint` is the value that papers have in `tagged_by` if this catalogue has tagged them.
    """

    __tablename__ = "topic_catalogue"

    fingerprint: str = Field(primary_key=True)
    text_version: int
    queries: str = Field(sa_type=Text)


class TopicRow(Table, table=True):
    """A topic that was added, or a built-in topic that was changed, by an administrator; see topics.StoredTopic.

    Rows are never deleted, so that the highest `revision` grows with every change.
    """

    __tablename__ = "topic"

    slug: str = Field(primary_key=True)
    title: str
    description: str = Field(sa_type=Text)
    query: str = Field(sa_type=Text)
    terms: tuple[str, ...] = Field(default=(), sa_column=strings())
    state: str
    revision: int
    changed_at: datetime = Field(sa_column=instant())
    changed_by: str


class PaperTokensRow(Table, table=True):
    """The tokens of a paper, by one version of the text rules, and its key in the index of words.

    The row is deleted when the text or the first listing day changes.
    """

    __tablename__ = "paper_tokens"

    paper_id: int = Field(primary_key=True, foreign_key="paper.id")
    search_key: int = Field(unique=True, sa_type=BigInteger)
    text_version: int = Field(index=True)
    tokenised: bytes


class SearchWordRow(Table, table=True):
    """A word of the index and its stem; it stays when the last paper with this word is deleted."""

    __tablename__ = "search_word"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own form

    word: str = Field(primary_key=True)
    stem: str = Field(index=True)


class PaperTitleRow(Table, table=True):
    """An identity by which listings find their paper (see `notifier.papers.identity`).

    It is made from a title alone, or it is a hash of a title together with a DOI, a link or an abstract.
    """

    __tablename__ = "paper_title"

    identity: str = Field(primary_key=True)
    paper_id: int = Field(primary_key=True, foreign_key="paper.id", index=True)


class PaperAliasRow(Table, table=True):
    """A key and an id that a paper had before; digests and links that contain them still lead to the paper."""

    __tablename__ = "paper_alias"

    old_key: str = Field(primary_key=True)
    old_id: int = Field(index=True)
    paper_id: int = Field(foreign_key="paper.id", index=True)


class WithdrawalRow(Table, table=True):
    """An arXiv id whose record was deleted at its source; there may be no paper with this id yet."""

    __tablename__ = "withdrawal"

    arxiv_id: str = Field(primary_key=True)


class ListingRow(Table, table=True):
    """A paper's appearance in a dump."""

    __tablename__ = "listing"
    __table_args__ = (UniqueConstraint("dump_id", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    paper_id: int = Field(foreign_key="paper.id", index=True)
    dump_id: int = Field(foreign_key="dump.id")
    listed_on: date = Field(index=True)
    position: int
    upvotes: int | None = None
    comments: int | None = None
    announce: str | None = None
