"""What can be seen of one line without knowing the rest of the page: a few traits, each with a few values."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from notifier.sources.page.head import is_date
from notifier.sources.page.lines import Line


class Traits(NamedTuple):
    """One line's traits, each as one of few values; an empty one says nothing.

    How often a title, an abstract, and so on, has each value is told by `page_odds`.
    """

    length: str  # in columns
    begins: str  # with a letter in upper or lower case, of a script without cases, a digit or a mark
    capitals: str  # on the words that a title in title case capitalises
    prose: str  # words that sentences are made with
    breaks: str  # between sentences
    kind: str  # furniture, a web address, people's names, a label of a few words, or words
    interface: str  # words of a page, not of a paper
    small: str  # words such as "of" and "for"
    echo: str  # words that come again in the text below: an abstract repeats words of its title
    repeats: str  # lines of the page that are the same but for digits


_FURNITURE = re.compile(
    r"""(?ix)
      [\W\d_]*                                          # numbers, dots, dashes: upvotes, comments, bullets
    | \W* [\d.,]+ \s? [km]? \W*
    | \W* \d+ \s (?:authors?|upvotes?|comments?|likes?|stars?|votes?|points?|replies|papers?|views?)
    | \d+ \s \w+ \s (?:ago|read)
    | (?:submitted|posted|published|uploaded|shared|curated|updated) \s (?:by|on|at) \b .{0,60}
    | by \s? ak \b .{0,60} | arxiv: \s? \S+
    | get \s trending \s papers [^!]* !? | (?:daily|trending) \s papers (?: \s ranked \b .{0,60})?
    | new | subscribe | daily | weekly | monthly | previous | next | upvotes? | share | abstract
    | log \s? in | sign \s? (?:up|in) | (?:view|read|show|load) \s (?:paper|pdf|abstract|more|less)
    """
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_NAME = r"(?:[A-Z\u00c0-\u00de][\w.'’-]*|de|da|del|der|di|du|la|le|van|von|el|al|bin)"
_PERSON = rf"{_NAME}(?: {_NAME}){{0,3}}"
_PEOPLE = rf"{_PERSON}(?:(?: ?[,;·•|&] ?|,? and ){_PERSON})"
_NAMES = re.compile(rf"(?:(?:Authors?|By):? {_PEOPLE}*|{_PEOPLE}+|{_PERSON}(?=,? et al))(?:,? et al\.?)?")
_SENTENCE_BREAK = re.compile(r"(?<=[\w)\]%\"'”][.!?]) +(?=[^\W_a-z]|[\"“(\[])|[。！？।](?=\S)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LONG_WORD = re.compile(r"[a-z\u00df-\u024f\u0370-\u03ff\u0400-\u052f]{4,}")
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]")
_FIELD = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)?: (?=\S)")
_DIGITS = re.compile(r"\d+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SMALL_WORDS = _words(
    "a an the of for in on to with via by from at as into through over under between without within towards toward "
    "using beyond than that is are can do does how what when why not"
)
_PROSE_WORDS = _words(
    "we our us is are was were be been has have had can could may might will would should do does did this these "
    "that which it its they their them however moreover furthermore while although thus therefore here there"
)
_INTERFACE_WORDS = _words(
    "your you us cookies cookie privacy newsletter inbox login subscribe subscribed unsubscribe copyright rights "
    "reserved terms click tap skip menu account settings sign log signup follow load loading showing share save back "
    "home contact help pricing docs enterprise upvote upvotes vote read more today daily weekly monthly feed "
    "sponsored page website jobs papers trending top browse download sort filter view submit submitted "
    "published posted updated ago"
)
_COMMON_WORDS = _words(
    "with from that this have been their which these using based through into towards such than over more most also "
    "between where while both when they them then"
)

_STEM = 5  # letters
_PROSE_STEMS = 6  # in a line of text
_NEAR = 4  # lines
_LONGEST_NAMES = 400

_LENGTHS = (3, 8, 15, 25, 40, 60, 90, 130, 180, 300, 600)
_READ = 600  # characters of a line that are looked at: a longer line is prose whatever follows


def traits_of(lines: Sequence[Line]) -> list[Traits]:
    """The traits of every line."""
    repeats = Counter(_template(line.text) for line in lines)
    echoes = _echoes([line.text[:_READ] for line in lines])
    return [
        _traits(line.text[:_READ], len(line.text), repeats[_template(line.text)], echo)
        for line, echo in zip(lines, echoes, strict=True)
    ]


def _echoes(texts: Sequence[str]) -> list[str]:
    """For each line how many of its words come again in one of the next lines of text: 0, 1, 2 (or more)."""
    words = [frozenset() if _ADDRESS.fullmatch(text) else stems(text) for text in texts]
    return [
        _echo(own, [below for below in words[index + 1 : index + 1 + _NEAR] if len(below) >= _PROSE_STEMS])
        for index, own in enumerate(words)
    ]


def _echo(own: frozenset[str], below: Sequence[frozenset[str]]) -> str:
    return str(min(2, max(len(own & other) for other in below))) if own and below else ""


def stems(text: str) -> frozenset[str]:
    """The beginnings of a text's longer words: what inflection mostly leaves alone."""
    return frozenset(word[:_STEM] for word in _LONG_WORD.findall(text.lower()) if word not in _COMMON_WORDS)


def _template(text: str) -> str:
    """What `12 authors` and `7 authors`, or `Comments: ...` and `Comments: ...`, have in common."""
    label = _FIELD.match(text)
    return _DIGITS.sub("0", (label[0] if label else text[:_READ]).casefold())


def _traits(head: str, length: int, repeats: int, echo: str) -> Traits:
    words = [] if _ADDRESS.fullmatch(head) else _WORD.findall(head)
    wide = len(_WIDE.findall(head))
    few = len(words) + wide // 2 <= 3  # too few to say more than that
    foreign = few or sum(word[0].isascii() for word in words) < len(words) / 2  # to the lists of English words
    return Traits(
        length=_length(length + wide),
        begins=_begins(head[0]),
        capitals="" if few else _capitals(words),
        prose="" if foreign else str(min(3, sum(word.lower() in _PROSE_WORDS for word in words))),
        breaks="" if few else str(min(2, len(_SENTENCE_BREAK.findall(head)))),
        kind=_kind(head, few),
        interface=_interface(words) if words and length <= 120 else "",
        small="" if foreign else str(min(2, sum(word in _SMALL_WORDS for word in words))),
        echo=echo,
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


def _capitals(words: Sequence[str]) -> str:
    """How many of the words that a title capitalises begin with a capital; the first word says nothing."""
    telling = [word for word in words[1:] if word.lower() not in _SMALL_WORDS]
    if len(telling) < 2 or not any(word[0].isupper() or word[0].islower() for word in telling):
        return ""
    share = sum(not word[0].islower() for word in telling) / len(telling)
    return "most" if share >= 0.7 else "some" if share >= 0.3 else "none"


def _interface(words: Sequence[str]) -> str:
    return str(min(2, sum(word.lower() in _INTERFACE_WORDS for word in words)))


def is_furniture(text: str) -> bool:
    """Whether a line is plainly a number, a date, an address or a button."""
    return bool(_FURNITURE.fullmatch(text[:_READ]) or _ADDRESS.fullmatch(text) or is_date(text))


def is_names(text: str) -> bool:
    """Whether a line is a list of people's names."""
    return len(text) < _LONGEST_NAMES and _NAMES.fullmatch(text) is not None


def _kind(head: str, few: bool) -> str:
    if _ADDRESS.fullmatch(head):
        return "address"
    if is_furniture(head):
        return "furniture"
    if is_names(head):
        return "names"
    return "label" if few else "words"
