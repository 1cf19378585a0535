"""Refuse signs and operators of other query languages, which would be ignored here or taken for words.

The error gives the likely meaning. Text that may also be a word only gets a hint; see `hints`.
"""

from __future__ import annotations

import re

from notifier.errors import QueryError
from notifier.queries.lexer import Lexeme, LexemeKind
from notifier.queries.tree import FIELD_NAMES, Field

_STAR = "* can stand only at the end of a word; write the beginning of the word, as in quant*"
_QUOTE_IT = "put it in quotation marks to search for it as it is"
_NO_NEARNESS = 'there is no search for words that are near each other; join them by AND, or write a "phrase"'

# Signs that a word must not have, each with the reason.
_SIGNS = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (r"\A\*++\w|\w\w\w\*++\S|\w\*++\w", _STAR),
        (r"\w\?\w", "? stands for no letter; write the beginning of the word, as in quant*"),
        (r"\A&++\Z", "& is no operator; write AND, or leave it out"),
        (r"\A!++(?=\w)", "! is no operator; write -word or NOT word to exclude a word"),
        (
            r"\A[\u2010-\u2015\u2212]++(?=\w)",
            "this dash excludes nothing; write it as the minus sign of a keyboard, as in -word",
        ),
        (r"\A~|\w~[\d.]*+\Z", "~ is no operator; words are found in any inflection, and quant* finds any ending"),
        (r"\w\^\d", f"^ gives no word more weight; leave it out, or {_QUOTE_IT}"),
        (
            r"\A/.++(?<=./)\Z",
            f"there are no regular expressions; write the beginning of a word, as in quant*, or {_QUOTE_IT}",
        ),
        (r"\A(?:o?near|within|adj|pre|[nwp])/\d++\Z|\A(?:near|adj)\d++\Z", _NO_NEARNESS),
    )
)
_STAR_IN_PHRASE = re.compile(r"\w\w\w\*|(?<!\S)\*++\w")
_NAMES = "|".join(FIELD_NAMES)
_COMPARISON = re.compile(rf"\A({_NAMES})(>=|<=|==|=|>|<)(.*+)\Z", re.IGNORECASE)
_FIELD_ALONE = re.compile(rf"\A(?:{_NAMES}):\Z", re.IGNORECASE)
_TAG = re.compile(r"\[([^\[\]]*+)")
# The tags of PubMed that are not names of fields here, each with the field that means the same.
_OTHER_TAGS = {
    "tiab": "",
    "title/abstract": "",
    "tw": "",
    "all": "",
    "mh": "keyword:",
    "mesh": "keyword:",
    "1au": "author:",
}
_TAGS = {**{name: f"{name}:" for name in FIELD_NAMES}, **_OTHER_TAGS}


def is_field_alone(value: Lexeme) -> bool:
    """Return whether a word is the name of a field with a colon, which means that no value follows directly."""
    return value.kind is LexemeKind.WORD and bool(_FIELD_ALONE.match(value.text))


def refuse_foreign(value: Lexeme) -> None:
    """Raise QueryError if a word or a phrase has a sign of another query language."""
    if value.kind is LexemeKind.PHRASE:
        _refuse_star_in_phrase(value)
        return
    if value.text.isalpha():  # as most words are
        return
    for pattern, reason in _SIGNS:
        if pattern.search(value.text):
            raise QueryError(reason, value.column)
    _refuse_comparison(value)
    _refuse_tag(value)


def _refuse_star_in_phrase(value: Lexeme) -> None:
    if _STAR_IN_PHRASE.search(value.text):
        cure = "leave it out, or write the word with * outside of the quotation marks"
        raise QueryError(f"* has no meaning in quotation marks; {cure}", value.column)


def _refuse_comparison(value: Lexeme) -> None:
    """Raise QueryError if a word begins with a field and a sign such as `=` in place of the colon."""
    compared = _COMPARISON.match(value.text)
    if compared:
        name, sign, wanted = compared.groups()
        has_bound = FIELD_NAMES[name.lower()] in (Field.UPVOTES, Field.VOTES) and sign != "=="
        written = f"{name}:{sign if has_bound else ''}{wanted or 'word'}"
        raise QueryError(f"a field has a colon after its name; write {written}", value.column)


def _refuse_tag(value: Lexeme) -> None:
    """Raise QueryError if a word has a field in square brackets after it, as in PubMed."""
    tag = _TAG.search(value.text)
    field = _TAGS.get(tag[1].lower()) if tag else None
    if tag and field is not None:
        word = value.text[: tag.start()] or "word"
        meaning = f"{field}{word}" if field else f"{word} alone, which is searched in title and abstract"
        raise QueryError(
            f"a field comes before the word, not in square brackets after it; write {meaning}", value.column
        )
