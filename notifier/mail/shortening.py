"""Keep mails below 90 kB: Gmail cuts a mail off at 102 kB, and the unsubscribe links are at its end.

A mail that would be larger first shows cards as titles only, beginning with the last cards of its sections. Digests are
planned so that the titles fit (`notifier.digests.size_limit`). If they still do not fit, for example because a
template is long, the last titles are left out, and only counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TypeVar

from notifier.digests.content import DigestContent
from notifier.digests.fewer_papers import number_of_steps, with_fewer_papers
from notifier.mail.body import Body

MAIL_BYTES = 90_000
HEADER_BYTES = 4_000  # the header of a mail takes at most this many bytes
SLOT_BYTES = 400  # the value in a slot takes at most this many bytes: a link with the longest base_url

Bodies = TypeVar("Bodies", bound=Sequence[Body])


def bodies_within_limit(content: DigestContent, make: Callable[[DigestContent], Bodies]) -> Bodies:
    """Return the bodies that `make` returns for this content, or for as much of it as fits in a mail of MAIL_BYTES.

    If even a mail without papers is too large, for example because of a long stylesheet, its bodies are returned.
    """
    bodies = make(content)
    if _fits(bodies):
        return bodies
    steps = range(number_of_steps(content))
    first_too_large = bisect_left(steps, True, key=lambda step: not _fits(make(with_fewer_papers(content, step))))
    return make(with_fewer_papers(content, max(0, first_too_large - 1)))


def _fits(bodies: Sequence[Body]) -> bool:
    size = sum([sum(map(len, body.blocks)) + SLOT_BYTES * len(body.slots) for body in bodies])
    return HEADER_BYTES + size <= MAIL_BYTES
