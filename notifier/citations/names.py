"""Split the name of an author into family name and given names, as bibliographies need it.

Sources write `Laurens van der Maaten`, `van der Maaten, Laurens`, `Smith J` and `Martin King, Jr.`. They also name
groups such as `Gemma Team`, which have no family name.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from notifier.text.harmless import inert

_SUFFIX = re.compile(r"(?:jr|sr)\.?|ii|iii|iv", re.IGNORECASE)
_INITIAL = re.compile(r"[A-Z]\.?")
# A word or sign that no name of a person has. `AI` is such a word only in capitals, because Ai is a family name.
_GROUP = re.compile(
    r"\bAI\b|[&:/\d]|\b(?i:and|team|collaboration|consortium|group|labs?|laboratory|university|institute|project"
    r"|research|initiative|community|contributors|foundation|authors|others)\b"
)


class CitedName(NamedTuple):
    """A name in parts. A group, or a person with one name, has only a `family` name; `suffix` may be `Jr.`."""

    family: str
    given: str = ""
    suffix: str = ""


def cited_name(author: str) -> CitedName:
    """Return the name of an author in parts. What follows in parentheses, such as an affiliation, is left out."""
    whole = " ".join(inert(author).split())
    name = whole.partition("(")[0].strip(" ,;") or whole
    parts = [part for part in map(str.strip, name.split(",")) if part]
    if not parts or _GROUP.search(name):
        return CitedName(name)
    first, *others = parts
    suffixes = [part for part in others if _SUFFIX.fullmatch(part)]
    given = [part for part in others if part not in suffixes]
    suffix = " ".join(suffixes)
    if given:
        return CitedName(first, " ".join(given), suffix)
    return _in_usual_order(first.split(" "), suffix)


def _in_usual_order(words: list[str], suffix: str) -> CitedName:
    """Return the parts of a name whose family name comes last, unless initials follow it, as in `Smith J`."""
    if len(words) > 2 and not suffix and _SUFFIX.fullmatch(words[-1]):
        *words, suffix = words
    if len(words) > 1 and _INITIAL.fullmatch(words[-1]) and not _INITIAL.fullmatch(words[0]):
        start = next(place for place, word in enumerate(words) if _INITIAL.fullmatch(word))
        return CitedName(" ".join(words[:start]), " ".join(words[start:]), suffix)
    start = len(words) - 1
    while start > 1 and words[start - 1][:1].islower():  # particles such as `van der`
        start -= 1
    return CitedName(" ".join(words[start:]), " ".join(words[:start]), suffix)
