"""The single words of a query, each as a query of its own: what asks whether any paper has the word at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from notifier.queries import leaves
from notifier.queries.tree import Field, Leaf, Phrase, Prefix, Query, Word
from notifier.text.words import stem, words


def query_words(text: str, query: Query) -> list[tuple[str, Query]]:
    """Each word that `query` looks for in title or abstract, as it was typed in `text`, and the query for it alone."""
    typed = {stem(word): word for word in words(text)}
    return sorted({(_shown(word, typed), word) for word in _words(query)}, key=str)


def _shown(alone: Leaf, typed: Mapping[str, str]) -> str:
    match alone:
        case Word(stemmed):
            return typed.get(stemmed, stemmed)
        case Phrase((word,)):
            return word
        case _:
            return str(alone)


def _words(query: Query) -> Iterator[Leaf]:
    for leaf in leaves(query):
        match leaf:
            case Word(stemmed, field) if _is_text(field):
                yield Word(stemmed)
            case Phrase(phrase, field) if _is_text(field):
                yield from (Phrase((word,)) for word in phrase)
            case Prefix(start, field) if _is_text(field):
                yield Prefix(start)


def _is_text(field: Field | None) -> bool:
    return field in (None, Field.TITLE, Field.ABSTRACT)
