"""What can be seen of one line without knowing the rest of the page: a few traits, each with a few values."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from notifier.sources.page_lines import Line


class Traits(NamedTuple):
    """One line's traits; `page_odds` says how often a title, an abstract, ... has each value."""

    length: str
    begins: str
    ends: str
    capitals: str
    prose: str
    breaks: str
    kind: str
    interface: str
    repeats: str


_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_FURNITURE = re.compile(
    rf"""(?ix)
      [\W\d_]*                                                     # numbers, dots, dashes: upvotes, comments, bullets
    | \W* [\d.,]+ \s? [km]? \W*
    | (?:\w+day,? \s)? (?: {_MONTH} \s \d{{1,2}} (?:st|nd|rd|th)? | \d{{1,2}} \s {_MONTH}) (?: ,? \s* \d{{4}})?
    | \W* \d+ \s (?:authors?|upvotes?|comments?|likes?|stars?|votes?|points?|replies|papers?|views?)
    | \d+ \s \w+ \s (?:ago|read)
    | (?:submitted|posted|published|uploaded|shared|curated|updated) \s (?:by|on|at) \b .*
    | by \s? ak \b .* | (?:https?://|www\.) \S+ | arxiv: \s? \S+
    | get \s trending \s papers .* | (?:daily|trending) \s papers (?: \s ranked \b .*)?
    | new | subscribe | daily | weekly | monthly | previous | next | upvotes? | share | abstract
    | log \s? in | sign \s? (?:up|in) | (?:view|read|show|load) \s (?:paper|pdf|abstract|more|less)
    """
)
_NAME = r"(?:[A-Z\u00c0-\u00de][\w.'’-]*|de|da|del|der|di|du|la|le|van|von|el|al|bin)"
_NAMES = re.compile(rf"{_NAME}(?: {_NAME}){{1,4}}(?:(?:,| and| &|;|,? and) {_NAME}(?: {_NAME}){{1,4}})+(?:,? et al\.?)?")
_STOP = re.compile(r"[.。।؟۔][\"'”’)\]]*$")
_OPEN = re.compile(r"(?:[,:;(\[–—-]|\b(?:a|an|the|of|for|and|or|in|on|to|with|via|by|from|at|as|using|towards?))$", re.I)
_SENTENCE_BREAK = re.compile(r"(?<=[\w)\]%\"'”][.!?]) +(?=[A-Z0-9\"“(\[])|[。！？।](?=\S)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]")
_DIGITS = re.compile(r"\d+")
_FUNCTION_WORDS = frozenset(
    "a an the of for and or in on to with via by from at as into through over under between without within towards "
    "toward using beyond is are than its that can we do does not how what when why be you your it".split()
)
_PROSE_WORDS = frozenset(
    "we our us is are was were be been has have had can could may might will would should do does did this these "
    "that which it its they their them however moreover furthermore while although thus therefore here there".split()
)

_INTERFACE_WORDS = frozenset(
    "your you us cookies cookie privacy newsletter inbox login subscribe subscribed unsubscribe copyright rights "
    "reserved terms click tap skip menu account settings sign log signup follow load loading showing share save back "
    "home contact help pricing docs enterprise upvote upvotes vote read more today daily weekly monthly feed "
    "sponsored page website jobs papers trending top browse download sort filter view submit submitted "
    "published posted updated ago".split()
)

_LENGTHS = (3, 8, 15, 25, 40, 60, 90, 130, 180, 300, 600)
_READ = 600  # characters of a line that are looked at: a longer line is prose whatever follows


def traits_of(lines: Sequence[Line]) -> list[Traits]:
    """The traits of every line."""
    repeats = Counter(_template(line.text) for line in lines)
    return [_traits(line.text[:_READ], line.text, repeats[_template(line.text)]) for line in lines]


def _template(text: str) -> str:
    """What `12 authors` and `7 authors` have in common."""
    return _DIGITS.sub("0", text[:_READ].casefold())


def _traits(head: str, text: str, repeats: int) -> Traits:
    words = _WORD.findall(head)
    return Traits(
        length=_length(len(text) + len(_WIDE.findall(head))),
        begins=_begins(head[0]),
        ends=_ends(text[-20:]),
        capitals=_capitals(words),
        prose=str(min(3, sum(word.lower() in _PROSE_WORDS for word in words))),
        breaks=str(min(2, len(_SENTENCE_BREAK.findall(head)))),
        kind=_kind(head, len(words)),
        interface=_interface(words) if len(text) <= 120 else "0",
        repeats="1" if repeats == 1 else "2" if repeats == 2 else "3-5" if repeats <= 5 else "6-",
    )


def _length(columns: int) -> str:
    index = bisect_left(_LENGTHS, columns)
    return f"-{_LENGTHS[index]}" if index < len(_LENGTHS) else f"{_LENGTHS[-1]}-"


def _begins(character: str) -> str:
    if character.isupper():
        return "upper"
    if character.islower():
        return "lower"
    if character.isdigit():
        return "digit"
    return "caseless" if character.isalpha() else "mark"


def _ends(tail: str) -> str:
    if _STOP.search(tail):
        return "stop"
    if tail[-1] in "?!？！…":
        return "call"
    return "open" if _OPEN.search(tail) else "plain"


def _capitals(words: Sequence[str]) -> str:
    """How many of the words that a title capitalises begin with a capital; the first word says nothing."""
    telling = [word for word in words[1:] if word.lower() not in _FUNCTION_WORDS]
    if len(telling) < 2:
        return "few"
    share = sum(not word[0].islower() for word in telling) / len(telling)
    return "most" if share >= 0.7 else "some" if share >= 0.3 else "none"


def _interface(words: Sequence[str]) -> str:
    return str(min(2, sum(word.lower() in _INTERFACE_WORDS for word in words)))


def _kind(head: str, words: int) -> str:
    if _FURNITURE.fullmatch(head):
        return "furniture"
    if len(head) < 400 and _NAMES.fullmatch(head):
        return "names"
    return "words" if words > 2 else "label"
