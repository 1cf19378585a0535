"""Read the digests that a subscriber got, including the papers that were left out of a mail to keep it short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row

from notifier.digests import items
from notifier.digests.merging import each_paper_once
from notifier.digests.rows import digest_of_row
from notifier.models import DeliveryKind, Digest, Paper
from notifier.store import deliveries, papers, reading


@dataclass(frozen=True, slots=True)
class PastDigest:
    """A digest or welcome mail in a list; `papers` is the number of its papers."""

    id: int
    kind: DeliveryKind
    subject: str
    planned_at: datetime
    papers: int


@dataclass(frozen=True, slots=True)
class StoredDigest:
    """A digest with its papers, by id. A paper whose id is not among them is not stored any more."""

    id: int
    kind: DeliveryKind
    digest: Digest
    papers: Mapping[int, Paper]


def past_digests(engine: Engine, subscriber_id: int, limit: int = 50, before: int | None = None) -> list[PastDigest]:
    """Return at most `limit` digests and welcome mails of a subscriber, newest first.

    With `before`, only those with lower ids are returned. Those that were never sent are left out: the next digest took
    in their papers.
    """
    with reading(engine) as connection:
        rows = deliveries.with_papers(connection, subscriber_id, limit, before)
    return [_past(row) for row in rows]


def digest_of(engine: Engine, delivery_id: int) -> StoredDigest | None:
    """Return a digest or welcome mail with its papers; None if there is none with this id.

    The caller must check that its `subscriber_id` is that of whoever asks. Raises ComposeError if it cannot be read.
    """
    with reading(engine) as connection:
        row = deliveries.one_with_papers(connection, delivery_id)
        if row is None:
            return None
        digest = digest_of_row(dict(row._mapping))
        found = papers.papers_by_id(connection, digest.paper_ids)
    return StoredDigest(row.id, DeliveryKind(row.kind), each_paper_once(digest, found), found)


def _past(row: Row[Any]) -> PastDigest:
    number = len(items.paper_ids(row._mapping["items"]))
    return PastDigest(row.id, DeliveryKind(row.kind), row.subject, row.planned_at, number)
