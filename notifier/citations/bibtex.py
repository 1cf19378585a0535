"""Write a citation as an entry for BibTeX and biber, in UTF-8.

No value can end its field or change the entry: BibTeX counts every brace, also one after a backslash, so braces are
written as commands, and a value is always one line.
"""

from __future__ import annotations

import re

from notifier.citations.citation import Citation
from notifier.citations.names import CitedName
from notifier.text.words import fold, words

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")  # all styles define these

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "#$%&_"},
    }
)
_SEPARATES_NAMES = re.compile(r"(?:\A|\s)(?:and|others)(?:\s|\Z)", re.IGNORECASE)
_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_NOT_IN_KEYS = re.compile(r"[^a-z0-9]")
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "on",
        "in",
        "of",
        "for",
        "from",
        "to",
        "towards",
        "toward",
        "and",
        "or",
        "with",
        "via",
        "by",
        "at",
        "is",
        "are",
        "do",
        "does",
        "can",
        "how",
        "what",
        "why",
        "when",
    ]
)


def bibtex(citation: Citation) -> str:
    """Return the entry: `@misc`, because no source says in which journal or at which conference a paper appeared."""
    day = citation.day
    fields = {
        "title": " ".join(map(_title_word, citation.title.split())),
        "author": " and ".join(map(_name, citation.authors)),
        "year": f"{day.year:04}" if day else "",
        "eprint": citation.arxiv_id,
        "archivePrefix": "arXiv" if citation.arxiv_id else "",
        "primaryClass": citation.primary_class,
        "doi": _verbatim(citation.doi),
        "url": _verbatim(citation.url),
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    if day and day.month:
        lines.insert([line.split()[0] for line in lines].index("year") + 1, f"  month = {MONTHS[day.month - 1]}")
    return ",\n".join([f"@misc{{{citation_key(citation)}", *lines]) + "\n}\n"


def citation_key(citation: Citation) -> str:
    """Return the key of the entry, such as `vaswani2017attention`: lower-case ASCII letters and digits, never empty."""
    family = _in_ascii(citation.authors[0].family) if citation.authors else ""
    year = f"{citation.day.year:04}" if citation.day else ""
    parts = [_in_ascii(word) for word in words(citation.title) if word not in _SMALL_WORDS]
    word = next(filter(None, parts), "")
    return f"{family}{year}{word}" if family or word else _in_ascii(citation.key) or "paper"


def _in_ascii(text: str) -> str:
    return _NOT_IN_KEYS.sub("", fold(text).translate(_PLAIN_LETTERS))


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _verbatim(url: str) -> str:
    r"""Return a URL or DOI with braces and backslashes percent-encoded.

    In the fields for these, LaTeX prints commands such as `\textbraceleft` literally.
    """
    return url.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")


def _title_word(word: str) -> str:
    """Return a word of a title, in braces if a style must not write it in lower case: `BERT`, `R1` and `C++`."""
    capitals = [place for place, letter in enumerate(word) if letter.isupper()]
    keeps_case = capitals and (
        len(capitals) > 1
        or any(letter.isdigit() or letter in "+#" for letter in word)
        or any(map(str.isalnum, word[: capitals[0]]))
    )
    return f"{{{_escaped(word)}}}" if keeps_case else _escaped(word)


def _name(name: CitedName) -> str:
    """Return a name, in braces if BibTeX would divide it or take it for several."""
    parts = [part for part in (name.family, name.suffix, name.given) if part]
    if not name.given or any(_SEPARATES_NAMES.search(part) or "," in part for part in parts):
        whole = _escaped(" ".join(part for part in (name.given, name.family, name.suffix) if part))
        return f"{{{whole}}}"
    return ", ".join(map(_escaped, parts))
