"""Make a digest from its row in the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from notifier.digests import items
from notifier.digests.details import decode_digest_details
from notifier.models import Digest, Item, Section

ReadItems = Callable[[str], tuple[tuple[Section, ...], tuple[Item, ...]]]


def digest_of_row(row: Mapping[str, Any], read_items: ReadItems = items.decode) -> Digest:
    """Return the digest or welcome mail that a row holds; `row` gives its values by column.

    `read_items` decodes the items as `items.decode` does. Raises ComposeError if items or details cannot be read.
    """
    sections, rest = read_items(row["items"])
    details = decode_digest_details(row["details"])
    return Digest(
        recipient=row["recipient"],
        period=row["period"],
        planned_at=row["planned_at"],
        message_id=row["message_id"],
        subject=row["subject"],
        sections=sections,
        rest=rest,
        subscriber_id=row["subscriber_id"],
        opening=details.opening,
        labels=details.labels,
        waiting=details.waiting,
        delivery_id=row["id"],
    )
