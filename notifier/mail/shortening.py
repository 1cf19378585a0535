"""Keep mails below 90 kB: Gmail cuts a mail off at 102 kB, and the unsubscribe links are at its end.

A mail that would be larger first shows cards as titles only, beginning with the last cards of its sections. Digests are
planned so that the titles fit (`notifier.digests.size_limit`). If they still do not fit, for example because a
template is long, the last titles are left out, and only counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from notifier.digests.content import DigestContent
from notifier.digests.fewer_papers import number_of_steps, with_fewer_papers
from notifier.mail.body import Body

MAIL_BYTES = 90_000
HEADER_BYTES = 4_000  # the header of a mail takes at most this many bytes
SLOT_BYTES = 400  # the value in any slot takes at most this many bytes: a link with the longest base_url

Bodies = TypeVar("Bodies", bound=Sequence[Body])


def bodies_within_limit(
    content: DigestContent, make: Callable[[DigestContent], Bodies], slot_bytes: Mapping[str, int]
) -> Bodies:
    """Return the bodies that `make` returns for this content, or for as much of it as fits in a mail of MAIL_BYTES.

    `slot_bytes` gives the most bytes that the values of some slots take. If even a mail without papers is too large,
    for example because of a long stylesheet, its bodies are returned.
    """
    bodies = make(content)
    if _fits(bodies, slot_bytes):
        return bodies
    steps = range(number_of_steps(content))
    first_too_large = bisect_left(
        steps, True, key=lambda step: not _fits(make(with_fewer_papers(content, step)), slot_bytes)
    )
    return make(with_fewer_papers(content, max(0, first_too_large - 1)))


def _fits(bodies: Sequence[Body], slot_bytes: Mapping[str, int]) -> bool:
    free = MAIL_BYTES - HEADER_BYTES - sum([sum(map(len, body.blocks)) for body in bodies])
    if SLOT_BYTES * sum([len(body.slots) for body in bodies]) <= free:
        return True  # the usual case, found without looking at each slot
    return sum([slot_bytes.get(slot, SLOT_BYTES) for body in bodies for slot in body.slots]) <= free
