"""Split a text into sentences.

A full stop ends a sentence if the word before it is no abbreviation and the next word can begin a sentence.
After an initial or an abbreviation such as `et al.`, it ends a sentence only if the next word often begins one: `The`,
`We`.
"""

from __future__ import annotations

import re

from notifier.models import Span


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that often begin a sentence, and that rarely follow an abbreviation or an initial.
_BEGINNINGS = _words(
    """
    A Additionally After All Also Although An And Another As At Based Because Besides Beyond Both Building But By Can
    Code Compared Consequently Current Despite Do Does Due During Each Empirically Even Existing Experimental
    Experiments Extensive Finally First For From Further Furthermore Given Hence Here How However If Importantly In
    Indeed Instead Is It Its Last Lastly Many Meanwhile Moreover Most Motivated Nevertheless Nonetheless Notably Of On
    Once One Only Or Our Overall Previous Prior Recent Recently Results Second Several Similarly Since So Some
    Specifically Still Such Surprisingly That The Their Then There Therefore These They Third This Those Though Through
    Thus To Today Together Two Under Unfortunately Unlike Until Using Via We What When Where Whereas Whether Which
    While Why With Within Without Yet You
    """
)
_LOWER_CASE_BEGINNINGS = _words("furthermore however moreover our these this we")

# After one of these, a full stop ends no sentence.
_NEVER = _words(
    """
    a.k.a aka approx c.f ca cf dr e.g eg esp i.e ie incl mr mrs ms prof resp s.t st v.s viz vs w.l.o.g w.r.t wrt
    """
)
# After one of these, a full stop ends no sentence if a number or a single letter follows.
_NUMBERED = _words(
    """
    alg appx apr arxiv aug ch chap cor dec def eq eqn eqns eqs feb fig figs jan lem mar no nos nov oct p pp prop ref
    refs sec secs sect sep sept tab tabs thm vol
    """
)
# After one of these, a full stop ends a sentence if the next word is one of _BEGINNINGS.
_DOUBTFUL = _words("al avg co corp dept etal inc jr ltd max min sr std univ")

_WORD_LENGTH = 24  # the word before a full stop is looked for in this many characters before it
_NUMBER_LENGTH = 8  # a text of at most this many characters is a sentence only if it has a letter; `1.` has none

_STOP = re.compile(
    rf"""
    [.!?…؟۔।॥。！？｡] (?<! [.!?…؟۔।॥。！？｡]{{2}} )     # the first of a run
    (?P<more> [.!?…؟۔।॥。！？｡]*+ )
    (?: (?P<wide> (?<= [。！？｡] )) (?P<quoted> [」』”’）】》〉〕]*+ )     # no white space is needed
    |   (?P<closing> ["'”’»)\]}}]*+ ) (?=\s)
    |   (?P<glued> (?<= [a-z)]{{2}} \. )) (?= (?: {"|".join(sorted(_BEGINNINGS))} ) [\s,] )     # a space is missing
    )
    """,
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*+")
_NEXT_WORD = re.compile(r"[^\w\s]{0,3}+(\w++(?:-\w++)?)")
_NUMBERING = re.compile(r"[A-Z]?\d+[a-z]?|[A-Z]|[IVX]+")
_INITIALS = re.compile(r"[A-Z]|(?:[^\W\d_]\.)+[^\W\d_]")
_DOTS_IN_LIST = re.compile(r"[\s,(](?:\.\.++|…)[^\w\s]*")


def sentences(text: str) -> list[Span]:
    """Return the spans of the sentences of a text, in order. There is only white space outside of them."""
    found = []
    start = _after_space(text, 0)
    for stop in _STOP.finditer(text):
        following = _after_space(text, stop.end())
        if following < len(text) and _ends_sentence(text, stop, following) and _has_letter(text, start, stop.start()):
            found.append((start, stop.end()))
            start = following
    end = len(text.rstrip())
    return [*found, (start, end)] if start < end else found


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _has_letter(text: str, start: int, end: int) -> bool:
    return end - start > _NUMBER_LENGTH or any(map(str.isalpha, text[start:end]))


def _ends_sentence(text: str, stop: re.Match[str], following: int) -> bool:
    """Return whether a sentence ends with `stop`, where the next one would begin at `following`."""
    if stop["glued"] is not None:
        return True
    if stop["wide"] is not None:
        return not (stop["quoted"] and "\u3041" <= text[following] <= "\u309f")  # a Hiragana particle continues it
    if text[following] in ",;:.!?…)]}%":
        return False
    next_word = _NEXT_WORD.match(text, following)
    word = next_word[1] if next_word else ""
    if stop[0][0] == "." and not stop["more"]:
        return _ends_with_full_stop(_word_before(text, stop.start()), word, closed=bool(stop["closing"]))
    return _can_begin(word) and (word in _BEGINNINGS or not _DOTS_IN_LIST.fullmatch(text, stop.start() - 1, stop.end()))


def _word_before(text: str, at: int) -> str:
    """Return what stands directly before `at`, without opening brackets and quotation marks."""
    return text[max(0, at - _WORD_LENGTH) : at].rpartition(" ")[2].lstrip("([{\"'“‘«")


def _ends_with_full_stop(before: str, word: str, *, closed: bool) -> bool:
    """Return whether the full stop after `before` ends a sentence if `word` follows.

    `closed` says that there are closing brackets or quotation marks between the full stop and `word`.
    """
    name = before.lower()
    if name in _NEVER:
        return closed and word in _BEGINNINGS
    if name in _NUMBERED and not closed:
        return word in _BEGINNINGS or not (_NUMBERING.fullmatch(word) or not _can_begin(word))
    if name in _DOUBTFUL or _INITIALS.fullmatch(before):
        return word in _BEGINNINGS
    return _can_begin(word) or (word in _LOWER_CASE_BEGINNINGS and len(before) > 3 and before.isalpha())


def _can_begin(word: str) -> bool:
    """Return whether a sentence may begin with the word: not in lower case, except for names such as vLLM and t-SNE."""
    return not word[:1].islower() or not word.islower() or any(map(str.isdigit, word))
