"""Split the text of a query into lexemes, and record the column of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from notifier.errors import QueryError

MAX_QUERY_LENGTH = 1000  # characters
MAX_TOPIC_QUERY_LENGTH = 5000  # characters; for the query of a topic


class LexemeKind(StrEnum):
    """The kind of a lexeme."""

    OPEN = "open"
    CLOSE = "close"
    AND = "and"
    OR = "or"
    NOT = "not"
    FIELD = "field"
    PHRASE = "phrase"
    WORD = "word"
    UNCLOSED = "unclosed"  # a quotation mark without a partner
    END = "end"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A piece of a query: a word, a phrase, a field, an operator or a parenthesis.

    `text` is as typed, except that a phrase has no quotation marks and a field has no colon. `column` counts from 1.
    """

    kind: LexemeKind
    text: str
    column: int


# Each group has the name of a LexemeKind.
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

# Signs that keyboards may produce instead of the ASCII ones. Each is one character, so that columns stay the same.
_SIGNS = str.maketrans("“”„‟«»＂（）｜，", '"""""""()|,')

# The characters of the Unicode categories Cc and Cs, and those that change the direction of a text.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def with_ascii_signs(text: str) -> str:
    """Replace curly quotation marks and full-width signs by the ASCII ones; the length stays the same."""
    return text.translate(_SIGNS)


def lex(text: str, max_length: int = MAX_QUERY_LENGTH) -> list[Lexeme]:
    """Split the text of a query into lexemes; the last lexeme is END.

    Raises QueryError if the text is empty, has more than `max_length` characters, or has a control character or an
    unclosed quotation mark.
    """
    _check_text(text, max_length)
    lexemes = [_lexeme(match) for match in _LEXEME.finditer(with_ascii_signs(text))]
    return [*lexemes, Lexeme(LexemeKind.END, "", len(text) + 1)]


def _check_text(text: str, max_length: int) -> None:
    if len(text) > max_length:
        message = f"a query may have at most {max_length:,} characters, but this has {len(text):,}; shorten it"
        raise QueryError(message, max_length + 1)
    if control := _CONTROL.search(text):
        message = f"the control character U+{ord(control[0]):04X} cannot be part of a query; remove it"
        raise QueryError(message, control.start() + 1)
    if not text or text.isspace():
        raise QueryError("the query is empty; write at least one word", 1)


def _lexeme(match: re.Match[str]) -> Lexeme:
    kind = LexemeKind(match.lastgroup or "")
    text = match[kind]
    column = match.start() + 1
    if kind is LexemeKind.UNCLOSED:
        raise QueryError('this quotation mark has no partner; add the missing "', column)
    if kind is LexemeKind.WORD:
        kind = _OPERATORS.get(text, kind)
    return Lexeme(kind, text, column)
