"""Remove repeated papers from digests: papers that were merged after the digest was planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from notifier.models import Digest, Item, Paper


def each_paper_once(digest: Digest, found: Mapping[int, Paper]) -> Digest:
    """Return the digest with each paper once, even if some of its papers were merged after it was planned."""
    ids = digest.paper_ids & found.keys()
    if len({found[paper_id].id for paper_id in ids}) == len(ids):
        return digest
    seen: set[int] = set()

    def is_new(item: Item) -> bool:
        paper_id = found[item.paper_id].id if item.paper_id in found else item.paper_id
        is_first = paper_id not in seen
        seen.add(paper_id)
        return is_first

    sections = [replace(each, items=tuple(filter(is_new, each.items))) for each in digest.sections]
    rest = tuple(filter(is_new, digest.rest))
    return replace(digest, sections=tuple(each for each in sections if each.items), rest=rest)
