"""What was typed, cut into lexemes, each with its column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import bidirectional, category

from notifier.errors import QueryError

LONGEST = 1000  # characters


class LexemeKind(StrEnum):
    """What a lexeme is."""

    OPEN = "open"
    CLOSE = "close"
    AND = "and"
    OR = "or"
    NOT = "not"
    FIELD = "field"
    PHRASE = "phrase"
    WORD = "word"
    UNCLOSED = "unclosed"  # a quotation mark without its other half
    END = "end"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A piece of a query as it was typed, but a phrase without its quotes and a field without its colon."""

    kind: LexemeKind
    text: str
    column: int


# The groups are named as the kinds.
_LEXEME = re.compile(
    r"""
      (?P<open>\() | (?P<close>\)) | (?P<or>\|)
    | "(?P<phrase>[^"]*)" | (?P<unclosed>")
    | (?P<field>[^\W\d_]+):(?=\S)
    | (?P<not>-)(?=[^\s)|])
    | (?P<word>[^\s()|"]+)
    """,
    re.VERBOSE,
)
_OPERATORS = {"AND": LexemeKind.AND, "OR": LexemeKind.OR, "NOT": LexemeKind.NOT, "ANDNOT": LexemeKind.NOT}

# What keyboards put in the place of the language's own signs: one character for one, so that columns stay.
_SIGNS = str.maketrans("“”„‟＂（）｜，", '"""""()|,')
_BIDI_CONTROLS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def with_plain_signs(text: str) -> str:
    """The text with curly quotes and full-width signs as the ASCII ones; every column stays what it was."""
    return text.translate(_SIGNS)


def lex(text: str) -> list[Lexeme]:
    """The lexemes of a query, the last one END; raises QueryError for what no query may hold."""
    _refuse_unreadable(text)
    plain = with_plain_signs(text)
    lexemes = [_lexeme(match) for match in _LEXEME.finditer(plain)]
    return [*lexemes, Lexeme(LexemeKind.END, "", len(text) + 1)]


def _refuse_unreadable(text: str) -> None:
    if len(text) > LONGEST:
        raise QueryError(f"a query has at most {LONGEST:,} characters, and this one has {len(text):,}", LONGEST + 1)
    for column, char in enumerate(text, start=1):
        if category(char) in {"Cc", "Cs"} or bidirectional(char) in _BIDI_CONTROLS:
            raise QueryError(f"the control character U+{ord(char):04X} cannot be part of a query; remove it", column)
    if not text or text.isspace():
        raise QueryError("the query is empty; write at least one word", 1)


def _lexeme(match: re.Match[str]) -> Lexeme:
    kind = LexemeKind(match.lastgroup or "")
    text = match[kind]
    column = match.start() + 1
    if kind is LexemeKind.UNCLOSED:
        raise QueryError('this quotation mark has no other half; add the missing "', column)
    if kind is LexemeKind.WORD:
        kind = _OPERATORS.get(text, kind)
    return Lexeme(kind, text, column)
