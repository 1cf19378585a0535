"""Write the labels of subscriptions as digests show them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from notifier.text.harmless import inert, shortened_to_bytes

MAX_LABELS = 12  # a list shows at most this many labels; further ones are only counted
LABEL_BYTES = 120  # a longer label is cut to this many bytes of UTF-8, so that labels do not fill a mail


@lru_cache(1 << 12)  # many digests show the same labels
def shown_label(label: str) -> str:
    """Return a label without control characters and of limited length."""
    return shortened_to_bytes(inert(label), LABEL_BYTES)


def quoted(labels: Sequence[str]) -> tuple[str, ...]:
    """Return at most MAX_LABELS labels, each in quotation marks, because a label may itself contain a comma.

    If there are more labels, one more entry says how many, such as `and 3 more`.
    """
    shown = tuple([f"“{label}”" for label in labels[:MAX_LABELS]])
    others = len(labels) - MAX_LABELS
    return (*shown, f"and {others} more") if others > 0 else shown
