"""Sample letters: between them they show all that a letter can, and all that may be missing from one."""

from __future__ import annotations

from notifier.mail.cards import Card, Line, Lines, Placed
from notifier.mail.excerpts import Excerpt, Run
from notifier.mail.letter import Group, Letter
from notifier.text.harmless import Link

_URL = "https://papers.example.org/a?b=1&c=2"
_FULL = Card(
    title=(Run("Trees & <Forests> of ", False), Run("quantized", True), Run(' "weights"', False)),
    plain_title='Trees & <Forests> of quantized "weights"',
    url=_URL,
    upvotes=140,
    authors="Ada Lovelace, Ångström's Heir et al.",
    why="“quantized” in the title",
    abstract=Excerpt(
        (Run("We ", False), Run("quantize", True), Run(" what was not, and find it good. " * 8, False)),
        (Run("… and ", False), Run("quantization", True), Run(" again.", False)),
    ),
    links=(Link("arXiv", _URL), Link("PDF", f"{_URL}.pdf")),
)
_SHORT = Card(
    title=(Run("Short", False),),
    plain_title="Short",
    url="",
    upvotes=None,
    authors="",
    why="",
    abstract=Excerpt((Run("Known by its beginning.", False),)),
    links=(),
)
_BARE = Card(
    title=(Run("論文", True),),
    plain_title="論文",
    url=_URL,
    upvotes=1,
    authors="A",
    why="“論文” in the title",
    abstract=Excerpt(()),
    links=(Link("Read", _URL),),
)
_FIRST = Placed(_FULL, ("low-bit", "trees & more"))
_SECOND = Placed(_SHORT, ())
_THIRD = Placed(_BARE, ("low-bit",))

FULLEST = Letter(
    subject="Daily papers of 6 Jul 2026 & <more>",
    brand="Daily Papers & Co",
    opening="Here is the selection of papers for today (6 Jul):",
    preheader="Trees & <Forests> · Short · 論文",
    groups=(
        Group("“quantization” OR <trees>", (_FIRST, _SECOND, _THIRD), f"{_URL}/one"),
        Group("video & vision", (_THIRD, _FIRST), f"{_URL}/two"),
        Group("a section of a reader from before", (_SECOND,), ""),
    ),
    rest=Lines((Line("First <of> the rest", _URL, 3), Line("Second", "", None), Line("Third", _URL, None))),
    unlisted=17,
    labels=("“quantization” OR <trees>", "video & vision", "low-bit", "trees & more"),
    recipient="o'reader+papers@example.net",
    unsubscribe_url="mailto:leave@example.org?subject=unsubscribe%20reader%40example.net&body=",
    unsubscribe_page=f"{_URL}/all",
)
_PLAIN = Letter(
    subject="Papers",
    brand="Papers",
    opening="New papers:",
    preheader="Short",
    groups=(Group("trending", (_SECOND,), ""),),
    rest=Lines(),
    unlisted=0,
    labels=("trending",),
    recipient="b@example.org",
    unsubscribe_url="mailto:leave@example.org",
    unsubscribe_page="",
)
_LONG = Letter(
    subject="Weekly papers of 29 Jun to 5 Jul 2026",
    brand="Wöchentlich",
    opening="Here is the selection of papers of the last seven days:",
    preheader="論文",
    groups=(Group("a" * 80, (_THIRD,) * 7, ""), Group("b", (_FIRST, _THIRD, _SECOND, _FIRST), f"{_URL}/three")),
    rest=Lines((Line("Only one more", "", 1),)),
    unlisted=0,
    labels=tuple(f"label number {number}" for number in range(12)),
    recipient=f"{'c' * 60}@example.com",
    unsubscribe_url=f"mailto:leave@example.org?subject={'unsubscribe' * 9}",
    unsubscribe_page=f"{_URL}/page",
)
_EMPTY = Letter(
    subject="Nothing",
    brand="Papers",
    opening="Nothing:",
    preheader="",
    groups=(),
    rest=Lines(),
    unlisted=0,
    labels=(),
    recipient="d@example.org",
    unsubscribe_url="mailto:x@example.org",
    unsubscribe_page="",
)
SAMPLES = (FULLEST, _PLAIN, _LONG, _EMPTY)
