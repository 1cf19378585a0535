"""Take the words to mark from a text when a digest is planned, and find them again when the digest is sent.

A dump may complete the text in the meantime, and other words may then stand at the same places. Therefore the words
are stored, and not their places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from notifier.models import Span, merge_spans
from notifier.text.spellings import sequence_tokens, sequence_words


def words_at(text: str, spans: Iterable[Span]) -> tuple[str, ...]:
    """Return the folded words at each of these places, without repetitions; spaces separate the words of one place.

    The places begin and end with tokens.
    """
    return tuple(dict.fromkeys([_folded(text[start:end]) for start, end in spans]))


@lru_cache(1 << 12)  # a word is marked in many papers
def _folded(text: str) -> str:
    return " ".join(sequence_words(text))


class MarkableText:
    """A text with its tokens, made once for all the words that are looked for in it."""

    def __init__(self, text: str) -> None:
        self._tokens = sequence_tokens(text)
        self._positions: dict[str, list[int]] = {}
        for position, token in enumerate(self._tokens):
            self._positions.setdefault(token.folded, []).append(position)

    def places_of(self, marked: Iterable[str]) -> tuple[Span, ...]:
        """Return the places of all occurrences of marked words, in order and merged if they overlap."""
        # An older version may have stored words that were folded by other rules.
        found = [span for each in marked for span in self._places(_folded(each))]
        return merge_spans(found) if len(found) > 1 else tuple(found)

    def _places(self, marked: str) -> list[Span]:
        first, *others = marked.split(" ")
        positions: Iterable[int] = self._positions.get(first, ())
        if others:
            positions = [position for position in positions if self._has_words_after(position, others)]
        return [(self._tokens[each].start, self._tokens[each + len(others)].end) for each in positions]

    def _has_words_after(self, position: int, wanted: Sequence[str]) -> bool:
        following = self._tokens[position + 1 : position + 1 + len(wanted)]
        return [token.folded for token in following] == wanted
