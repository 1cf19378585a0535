"""The single words of a query, each as a query of its own: what asks whether any paper has the word at all."""

from __future__ import annotations

from collections.abc import Iterator

from notifier.queries import leaves
from notifier.queries.tree import Field, Phrase, Prefix, Query, Word
from notifier.text import stem, words


def words_asked(text: str, query: Query) -> dict[str, Query]:
    """By word, as it was typed in `text`: the queries for the words that `query` looks for in title or abstract."""
    typed = {stem(word): word for word in words(text)}
    return {typed.get(word, word): alone for word, alone in _alone(query)}


def _alone(query: Query) -> Iterator[tuple[str, Query]]:
    for leaf in leaves(query):
        match leaf:
            case Word(word, field) if _is_text(field):
                yield word, Word(word)
            case Phrase(phrase, field) if _is_text(field):
                yield from ((word, Phrase((word,))) for word in phrase)
            case Prefix(start, field) if _is_text(field):
                yield start, Prefix(start)


def _is_text(field: Field | None) -> bool:
    return field in (None, Field.TITLE, Field.ABSTRACT)
