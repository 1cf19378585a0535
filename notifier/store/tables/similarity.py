"""Declare the tables of what papers are compared by: their terms, the bases of their vectors, and the vectors."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import Field

from notifier.store.tables.columns import NEVER_REUSE_IDS, Table, flag


class PaperTermsRow(Table, table=True):
    """The terms of a paper, packed by `notifier.similarity`. The row is deleted with the tokens it was made from."""

    __tablename__ = "paper_terms"

    paper_id: int = Field(primary_key=True, foreign_key="paper_tokens.paper_id", ondelete="CASCADE")
    terms: bytes


class SimilarityBasisRow(Table, table=True):
    """A basis of vectors, made from `papers` stored papers under one version of the text rules.

    The basis in use is the newest that `is_ready`; this is set once every paper has a vector in it. `fingerprint`
    identifies the content. `sample` holds the ids of some papers, as 64-bit integers. How near these are to a paper
    decides how near others must be to count as near. The other columns are the arrays of `notifier.similarity.Basis`;
    `fitted` is its number of papers.
    """

    __tablename__ = "similarity_basis"
    __table_args__ = NEVER_REUSE_IDS

    id: int | None = Field(default=None, primary_key=True)
    is_ready: bool = Field(default=False, sa_column=flag())
    fingerprint: str
    text_version: int
    papers: int
    fitted: int
    dimensions: int
    hashes: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    idf: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    projection: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sample: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PaperVectorRow(Table, table=True):
    """The vector of a paper in one basis: an 8-bit integer for each dimension, and the number that multiplies them.

    A row is never changed. When the paper's text or topics change, the row is deleted, and a new one gets a higher id.
    So a process that keeps vectors and topics in memory only has to read the rows that are new.
    """

    __tablename__ = "paper_vector"
    __table_args__ = (UniqueConstraint("basis_id", "paper_id"), NEVER_REUSE_IDS)

    id: int | None = Field(default=None, primary_key=True)
    basis_id: int = Field(foreign_key="similarity_basis.id")
    paper_id: int = Field(foreign_key="paper_tokens.paper_id", ondelete="CASCADE", index=True)
    integers: bytes
    scale: float
