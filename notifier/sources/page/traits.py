"""Describe each line of a page by its traits, such as its length or the number of words that are typical of prose.

A trait has one of a few values. It is empty if it says nothing about the line. `probabilities` lists how often titles,
abstracts and other lines have each value. Chrome is the text of a page that belongs to no paper, such as buttons and
menus.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from notifier.sources.page.head import is_date
from notifier.sources.page.lines import PageLine


class Traits(NamedTuple):
    """The traits of one line.

    Each value is empty, or one of the values that `probabilities.LINE_PROBABILITIES` lists for the trait.
    """

    length: str  # in columns: a range, such as "-25" for 16 to 25
    first_character: str  # a letter in upper or lower case, a letter without case, a digit or another mark
    capitals: str  # whether most, some or none of the words are capitalised as in a title
    prose_words: str  # the number of words such as "we" and "are"; 3 means 3 or more
    sentence_breaks: str  # the number of places where one sentence ends and the next begins; 2 means 2 or more
    kind: str  # obvious chrome, a URL, a list of names, a label of a few words, or any other words
    interface_words: str  # the number of words such as "login" and "cookies"; 2 means 2 or more
    small_words: str  # the number of words such as "of" and "for"; 2 means 2 or more
    words_repeated_below: str  # the number of words that a line of text below repeats; 2 means 2 or more
    similar_lines: str  # the number of lines like this one: they differ only in digits, or begin with the same label


_OBVIOUS_CHROME = re.compile(
    r"""(?ix)
      [\W\d_]*                                          # numbers and marks, such as counts and bullets
    | \W* [\d.,]+ \s? [km]? \W*
    | \W* \d+ \s (?:authors?|upvotes?|comments?|likes?|stars?|votes?|points?|replies|papers?|views?)
    | \d+ \s \w+ \s (?:ago|read)
    | (?:submitted|posted|published|uploaded|shared|curated|updated) \s (?:by|on|at) \b .{0,60}
    | by \s? ak \b .{0,60} | arxiv: \s? \S+
    | get \s trending \s papers [^!]* !? | (?:daily|trending) \s papers (?: \s ranked \b .{0,60})?
    | (?: (?:github|gitlab|arxiv|hugging \s? face|project \s page|page|code|pdf|demo|[\d.,]+ k?) [\s·•|,:]* )++
    | new | subscribe | daily | weekly | monthly | previous | next | upvotes? | share | abstract
    | skip \s to \s (?:(?:the|main) \s){0,2} content
    | log \s? in | sign \s? (?:up|in) | (?:view|read|show|load) \s (?:paper|pdf|abstract|more|less)
    """
)
_URL = re.compile(r"(?:https?://|www\.)\S+")
_NAME = r"(?:[A-Z\u00c0-\u00de][\w.'’-]*|de|da|del|der|di|du|la|le|van|von|el|al|bin)"
_PERSON = rf"{_NAME}(?: {_NAME}){{0,3}}"
_PEOPLE = rf"{_PERSON}(?:(?: ?[,;·•|&] ?|,? and ){_PERSON})"
_NAMES = re.compile(rf"\A(?:(?:Authors?|By):? {_PEOPLE}*|{_PEOPLE}+|{_PERSON}(?=,? et al))(?:,? et al\.?)?")
_SENTENCE_BREAK = re.compile(r"(?<=[\w)\]%\"'”][.!?]) +(?=[^\W_a-z]|[\"“(\[])|[。！？।](?=\S)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LONG_WORD = re.compile(r"[a-z\u00df-\u024f\u0370-\u03ff\u0400-\u052f]{4,}")
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]")
_LABEL = re.compile(r"\A[^\W\d_]+(?: [^\W\d_]+)?: (?=\S)")
_DIGITS = re.compile(r"\d+")


def _set_of_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SMALL_WORDS = _set_of_words(
    "a an the of for in on to with via by from at as into through over under between without within towards toward "
    "using beyond than that is are can do does how what when why not"
)
_PROSE_WORDS = _set_of_words(
    "we our us is are was were be been has have had can could may might will would should do does did this these "
    "that which it its they their them however moreover furthermore while although thus therefore here there"
)
_INTERFACE_WORDS = _set_of_words(
    "your you us cookies cookie privacy newsletter inbox login subscribe subscribed unsubscribe copyright rights "
    "reserved terms click tap skip menu account settings sign log signup follow load loading showing share save back "
    "home contact help pricing docs enterprise upvote upvotes vote read more today daily weekly monthly feed "
    "sponsored page website jobs papers trending top browse download sort filter view submit submitted "
    "published posted updated ago"
)
_COMMON_WORDS = _set_of_words(
    "with from that this have been their which these using based through into towards such than over more most also "
    "between where while both when they them then"
)

_STEM_LENGTH = 5  # letters
_MIN_STEMS = 6  # a line with fewer stems does not count as text
_LINES_BELOW = 4  # how many lines below a line are searched for its words
_LONGEST_LIST_OF_NAMES = 400  # characters

_LENGTHS = (3, 8, 15, 25, 40, 60, 90, 130, 180, 300, 600)  # columns: the upper bound of each range
_LONGEST_LABEL = 3  # words
_LONGEST_INTERFACE_TEXT = 120  # characters
_CHARACTERS_READ = 600  # of each line; a longer line is prose, whatever its other characters are


def traits_of(lines: Sequence[PageLine]) -> list[Traits]:
    """Return the traits of every line."""
    forms = Counter(_form_without_digits(line.text) for line in lines)
    shared_words = _words_repeated_below([line.text[:_CHARACTERS_READ] for line in lines])
    return [
        _traits(line.text[:_CHARACTERS_READ], len(line.text), forms[_form_without_digits(line.text)], shared)
        for line, shared in zip(lines, shared_words, strict=True)
    ]


def _words_repeated_below(texts: Sequence[str]) -> list[str]:
    """Return `Traits.words_repeated_below` for each line; abstracts repeat words of the titles above them."""
    stems = [frozenset() if _URL.fullmatch(text) else word_stems(text) for text in texts]
    return [
        _most_shared(
            line_stems,
            [below for below in stems[index + 1 : index + 1 + _LINES_BELOW] if len(below) >= _MIN_STEMS],
        )
        for index, line_stems in enumerate(stems)
    ]


def _most_shared(line_stems: frozenset[str], stems_below: Sequence[frozenset[str]]) -> str:
    """Return the highest number of stems that a line shares with any line below it, at most 2.

    The result is empty if the line has no stems or if no line below it counts as text.
    """
    if not line_stems or not stems_below:
        return ""
    return str(min(2, max(len(line_stems & below) for below in stems_below)))


def word_stems(text: str) -> frozenset[str]:
    """Return the first letters of a text's longer words: these mostly stay the same when a word is inflected."""
    return frozenset(word[:_STEM_LENGTH] for word in _LONG_WORD.findall(text.lower()) if word not in _COMMON_WORDS)


def _form_without_digits(text: str) -> str:
    """Return what similar lines have in common: `12 authors` and `7 authors` both give `0 authors`.

    If a line begins with a label, only the label counts: `Comments: 8 pages` gives `comments: `.
    """
    label = _LABEL.match(text)
    return _DIGITS.sub("0", (label[0] if label else text[:_CHARACTERS_READ]).casefold())


def _traits(head: str, length: int, similar_lines: int, words_repeated_below: str) -> Traits:
    """Return the traits of a line, given its first 600 characters and its length."""
    words = [] if _URL.fullmatch(head) else _WORD.findall(head)
    wide = len(_WIDE.findall(head))
    is_label = len(words) + wide // 2 <= _LONGEST_LABEL
    # The lists of English words say nothing about a label, nor about a line that is mostly in another script.
    ignores_lists = is_label or sum(word[0].isascii() for word in words) < len(words) / 2
    return Traits(
        length=_length(length + wide),
        first_character=_first_character(head[0]),
        capitals="" if is_label else _capitals(words),
        prose_words="" if ignores_lists else _count(words, _PROSE_WORDS, most=3),
        sentence_breaks="" if is_label else str(min(2, len(_SENTENCE_BREAK.findall(head)))),
        kind=_kind(head, is_label),
        interface_words=_count(words, _INTERFACE_WORDS, most=2) if words and length <= _LONGEST_INTERFACE_TEXT else "",
        small_words="" if ignores_lists else str(min(2, sum(word in _SMALL_WORDS for word in words))),
        words_repeated_below=words_repeated_below,
        similar_lines=_similar_lines(similar_lines),
    )


def _count(words: Sequence[str], listed: frozenset[str], most: int) -> str:
    """Return how many of the words are listed, at most `most`."""
    return str(min(most, sum(word.lower() in listed for word in words)))


def _length(columns: int) -> str:
    """Return the range that a length is in: "-60" for 41 to 60 columns, "600-" for more than 600."""
    index = bisect_left(_LENGTHS, columns)
    return f"-{_LENGTHS[index]}" if index < len(_LENGTHS) else f"{_LENGTHS[-1]}-"


def _similar_lines(count: int) -> str:
    """Return the range that a number of lines is in."""
    if count <= 2:
        return str(count)
    return "3-5" if count <= 5 else "6-"


def _first_character(character: str) -> str:
    if character.isupper():
        return "upper"
    if character.islower():
        return "lower"
    if character.isdigit():
        return "digit"
    return "caseless" if character.isalpha() else "mark"


def _capitals(words: Sequence[str]) -> str:
    """Return whether most, some or none of the words begin with a capital.

    The first word does not count, because sentences capitalise it too. Words such as "of" do not count, because titles
    do not capitalise them. The result is empty if fewer than two words count, or if their script has no case.
    """
    counted = [word for word in words[1:] if word.lower() not in _SMALL_WORDS]
    if len(counted) < 2 or not any(word[0].isupper() or word[0].islower() for word in counted):
        return ""
    share = sum(not word[0].islower() for word in counted) / len(counted)
    return "most" if share >= 0.7 else "some" if share >= 0.3 else "none"


def is_obvious_chrome(text: str) -> bool:
    """Return whether a line is plainly a number, a date, a URL or a button."""
    return bool(_OBVIOUS_CHROME.fullmatch(text[:_CHARACTERS_READ]) or _URL.fullmatch(text) or is_date(text))


def is_list_of_names(text: str) -> bool:
    """Return whether a line is a list of people's names."""
    return len(text) < _LONGEST_LIST_OF_NAMES and _NAMES.fullmatch(text) is not None


def _kind(head: str, is_label: bool) -> str:
    if _URL.fullmatch(head):
        return "url"
    if is_obvious_chrome(head):
        return "obvious chrome"
    if is_list_of_names(head):
        return "names"
    return "short label" if is_label else "words"
