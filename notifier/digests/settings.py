"""The settings for what a digest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSettings:
    """The operator's settings for the content of digests.

    `brand` is the name of the list. A digest shows at most `cards` papers as cards. `topics` are the titles of the
    topics by slug. The title of a paper without a URL is appended to `title_search`. `postal_address` is that of
    the sender; it may be empty.
    """

    brand: str = "Daily Papers"
    cards: int = 8
    topics: Mapping[str, str] = field(default_factory=dict, hash=False)
    title_search: str = "https://arxiv.org/search/?searchtype=title&query="
    postal_address: str = ""
