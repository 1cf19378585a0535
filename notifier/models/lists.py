"""The orders of lists of papers."""

from __future__ import annotations

from enum import StrEnum


class ListOrder(StrEnum):
    """The order of a list of papers; the values are part of URLs.

    TRENDING goes by votes, upvotes and places in ranked lists, NEWEST by the listing day, and RELEVANCE by how
    prominent the words of a search are.
    """

    NEWEST = "newest"
    TRENDING = "trending"
    RELEVANCE = "relevance"
