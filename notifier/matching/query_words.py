"""Find the single words of a query, so that a preview can report words that no paper has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from notifier.queries import leaves
from notifier.queries.tree import Field, Leaf, Phrase, Prefix, Query, Word
from notifier.text.spellings import search_words
from notifier.text.words import stem


def query_words(text: str, query: Query) -> list[tuple[str, Query]]:
    """Return each word that the query searches for in title or abstract, with a query for this word alone.

    `text` is the query as typed; the words are returned as they are spelled in it, not as stems.
    """
    typed = {stem(word): word for word in search_words(text)}
    return sorted({(_as_typed(leaf, typed), leaf) for leaf in _single_words(query)}, key=str)


def _as_typed(leaf: Leaf, typed: Mapping[str, str]) -> str:
    """Return the word of a leaf as it was typed; `typed` maps stems to typed words."""
    match leaf:
        case Word(stemmed):
            return typed.get(stemmed, stemmed)
        case Phrase((word,)):
            return word
        case _:
            return str(leaf)


def _single_words(query: Query) -> Iterator[Leaf]:
    """Yield each word that is searched for in title or abstract, also those of phrases, as a leaf without a field."""
    for leaf in leaves(query):
        match leaf:
            case Word(stemmed, field) if _is_title_or_abstract(field):
                yield Word(stemmed)
            case Phrase(phrase, field) if _is_title_or_abstract(field):
                yield from (Phrase((word,)) for word in phrase)
            case Prefix(start, field) if _is_title_or_abstract(field):
                yield Prefix(start)


def _is_title_or_abstract(field: Field | None) -> bool:
    return field in (None, Field.TITLE, Field.ABSTRACT)
