"""Compare lists of authors, whose names sources write in different ways.

`John Smith`, `J. Smith`, `Smith, John` and `Smith J` are the same person; `Jane Smith`, `J. Smith` and `Smith` may be.
Persons with different last names or different initials of their first names are different.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from notifier.text.words import words

_NOT_NAMES = frozenset(("jr", "sr", "ii", "iii", "phd", "md"))

# A folded last name and the initial of the first name, which is empty if the first name is not known.
_Name = tuple[str, str]


class AuthorNames(NamedTuple):
    """The names of a list of authors.

    `usual` has the name of each author as it is usually written, `possible` all names that an author may have, because
    some sources put the family name first. `last_names` are the last names in `possible`.
    """

    usual: frozenset[_Name]
    possible: frozenset[_Name]
    last_names: frozenset[str]

    @classmethod
    def of(cls, authors: Iterable[str]) -> AuthorNames:
        """Return the names of these authors."""
        usual, possible = set(), set()
        for author in authors:
            names = _possible_names(author)
            usual.add(names[0])
            possible.update(names)
        return cls(frozenset(usual), frozenset(possible), frozenset(last for last, _ in possible))


def same_authors(names: AuthorNames, others: AuthorNames) -> bool:
    """Return whether two lists of authors may be of one paper: more than half of the shorter list is in the longer.

    So a list that names only the first authors is the same as the whole list. Two articles that share one of two
    authors have different lists.
    """
    shared = max(_shared(names, others), _shared(others, names))
    return 2 * shared > min(len(names.usual), len(others.usual))


def _shared(names: AuthorNames, others: AuthorNames) -> int:
    """Return how many usual names of one list are possible names of the other."""
    return sum(
        name in others.possible or (name[0], "") in others.possible or (not name[1] and name[0] in others.last_names)
        for name in names.usual
    )


def _possible_names(author: str) -> list[_Name]:
    """Return the names that an author may have, the usual one first: the last word is the last name.

    Text in parentheses and suffixes such as `Jr.` are left out.
    """
    written = author.partition("(")[0]
    family, _, given = written.partition(",")
    family_words, given_words = _words(family), _words(given)
    if family_words and given_words:
        return [(last, given_words[0][0]) for last in _possible_last_names(family_words)]
    parts = family_words or given_words or words(author) or [author]
    first, rest = parts[0], parts[1:]
    if not rest:
        return [(first, "")]
    if _is_initial(parts[-1]) and not _is_initial(first):  # Smith J
        initial = next(part for part in parts if _is_initial(part))
        return [(last, initial) for last in _possible_last_names(parts)]
    return [*((last, first[0]) for last in _possible_last_names(rest)), (first, rest[0][0])]


def _words(text: str) -> list[str]:
    return [word for word in words(text) if word not in _NOT_NAMES]


def _possible_last_names(parts: Sequence[str]) -> list[str]:
    """Return the words that may be the last name, the last word first; an initial only if there is no other word."""
    return [part for part in reversed(parts) if not _is_initial(part)] or [parts[-1]]


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word.isascii()
