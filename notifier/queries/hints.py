"""Give hints to the author of a query about parts that do not mean what they seem to mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from notifier.queries.foreign import is_field_alone
from notifier.queries.lexer import MAX_QUERY_LENGTH, MAX_TOPIC_QUERY_LENGTH, Lexeme, LexemeKind, lex

_CAPITALS = {
    "and": "leave it out, or write AND",
    "or": "write OR, or else papers must have all of the words",
    "not": "write NOT, or a minus sign directly before the word to exclude",
    "andnot": "write NOT",
}
_OTHER_OPERATORS = frozenset({"NEAR", "ADJ", "AROUND", "WITHIN", "XOR", "SAME"})
_OPENING, _CLOSING = "'\u2018\u201a`", "'\u2019`"


def hints(text: str, *, topics_allowed: bool = True) -> list[str]:
    """Return sentences about what the author of a query may have meant otherwise; most queries have none.

    The query need not be one that `parse` accepts; `topics_allowed` is as there. Raises QueryError if the text is
    empty or too long, or has a control character or an unclosed quotation mark.
    """
    lexemes = lex(text, MAX_QUERY_LENGTH if topics_allowed else MAX_TOPIC_QUERY_LENGTH)
    found = [*_about_single_quotes(lexemes)]
    for before, each, after in zip([None, *lexemes], lexemes, lexemes[1:], strict=False):
        if each.kind is LexemeKind.WORD:
            found += _about_word(each, is_first=before is None, after=after)
        elif each.kind is after.kind is LexemeKind.NOT and each.text == after.text == "-":
            found.append("two minus signs cancel each other, and exclude nothing; write one")
    return list(dict.fromkeys(found))


def _about_word(word: Lexeme, after: Lexeme, *, is_first: bool) -> Iterator[str]:
    text = word.text
    is_last = after.kind is LexemeKind.END
    if text.lower() in _CAPITALS and not (is_first and is_last):
        meaning = _CAPITALS[text.lower()]
        yield f"“{text}” is a word like any other, because operators are in capitals; {meaning}"
    if text in _OTHER_OPERATORS and not is_first:
        yield f"“{text}” is a word like any other; the operators are AND, OR and NOT"
    if is_field_alone(word):
        yield f"“{text}” is a word here, because a space follows; to search in this field, write {text}{after.text}"
    if len(text) > 1 and text.endswith("?"):
        yield f"? is ignored; to find every word that begins with “{text[:-1]}”, write {text[:-1]}*"
    if any(bracket in text for bracket in "[]{}"):
        yield f"the brackets of “{text}” are ignored; to group words, write (…)"
    if text.endswith((",", ";")) and not is_last:
        yield "commas are ignored, and papers must have all of the words; if one is enough, write OR between them"


def _about_single_quotes(lexemes: Sequence[Lexeme]) -> Iterator[str]:
    """Yield a hint if a word begins with a single quotation mark, and a later word ends with one."""
    words = [each.text for each in lexemes if each.kind is LexemeKind.WORD]
    opened = next((place for place, word in enumerate(words) if word[0] in _OPENING), None)
    if opened is not None and any(word[-1] in _CLOSING for word in words[opened:]):
        yield 'single quotation marks are ignored; for words that follow each other, write "…"'
