"""Split texts into the words by which they are searched, so that each spelling of a word finds the others.

These are the words of `notifier.text.words`, with three changes:

- A Greek letter that is a word by itself, as in formulas, is replaced by its name, such as `alpha`.
- A compound of a short list is found in each of its spellings: `fine-tuning`, `finetuning` and `fine tuning`. Most
  compounds count as two words in the sequence of a text. The joined word follows after the sequence.
- A word that is divided at the end of a line, such as `quanti- zation`, is also found as a whole: `quantization`. The
  joined word follows after the sequence, too. So a wrong one, such as `preand` from `pre- and`, is not inside a phrase.

TEXT_VERSION in `words` must be raised when any rule of this module changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from notifier.text.compounds import JOINED, PARTS
from notifier.text.words import Token, tokens, words

_LETTERS = "αβγδεζηθικλμνξοπρστυφχψω"
_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega"
)
_GREEK = dict(zip(_LETTERS, _NAMES.split(), strict=True))
_DIGITS = "0123456789"
_INCREMENT = str.maketrans("∆", "Δ")  # the sign of the Laplace operator; in many abstracts it stands for the letter

# The lookbehind lets a match begin only where a word begins, which keeps the search linear.
_LINE_END = re.compile(r"(?<![^\W_])([^\W\d_]{2,}+)[-\u2010]\s([^\W\d_]{2,}+)")


def search_words(text: str) -> list[str]:
    """Return the sequence of words of a text; if there are joined words, they follow after an empty word."""
    sequence = sequence_words(text)
    further = [JOINED[pair] for pair in pairwise(sequence) if pair in JOINED]
    if _may_divide_words(text):
        further += [word for word, _, _ in _joined_at_line_ends(text)]
    return [*sequence, "", *further] if further else sequence


def sequence_words(text: str) -> list[str]:
    """Return the words of a text in order, for the search of phrases; a compound of the list gives two words."""
    found = words(text) if text.isascii() else [_named(word) for word in words(text.translate(_INCREMENT))]
    for word in () if PARTS.keys().isdisjoint(found) else PARTS.keys() & found:
        for _ in range(found.count(word)):
            place = found.index(word)
            found[place : place + 1] = PARTS[word]
    return found


def search_tokens(text: str) -> list[Token]:
    """Return the words of `search_words` with their places; the place of a joined word is that of both of its parts."""
    sequence = sequence_tokens(text)
    further = [
        Token(JOINED[pair], first.start, second.end)
        for first, second in pairwise(sequence)
        if (pair := (first.folded, second.folded)) in JOINED
    ]
    if _may_divide_words(text):
        further += _joined_at_line_ends(text)
    return [*sequence, Token("", len(text), len(text)), *further] if further else sequence


def sequence_tokens(text: str) -> list[Token]:
    """Return the words of `sequence_words` with their places; both parts of a joined compound have its place."""
    found = tokens(text)
    if not text.isascii():
        found = [Token(_named(token.folded), token.start, token.end) for token in tokens(text.translate(_INCREMENT))]
    if PARTS.keys().isdisjoint([token.folded for token in found]):
        return found
    return [Token(part, token.start, token.end) for token in found for part in PARTS.get(token.folded, token[:1])]


def single_word(sequence: Sequence[str]) -> str | None:
    """Return the only word of a sequence, or the joined word if the sequence is a compound; None if it is neither."""
    match sequence:
        case [word]:
            return word
        case [first, second]:
            return JOINED.get((first, second))
        case _:
            return None


def single_prefix(sequence: Sequence[str]) -> str | None:
    """Return a sequence as the prefix of one word, such as `finetun` for `fine` and `tun`; None if it cannot be one."""
    match sequence:
        case [start]:
            return start
        case [first, start] if any(pair[0] == first and pair[1].startswith(start) for pair in JOINED):
            return first + start
        case _:
            return None


def _named(word: str) -> str:
    """Return a word with its Greek letter replaced by its name, if all other characters are digits."""
    if word.isascii():
        return word
    letter = word.strip(_DIGITS)
    return word.replace(letter, _GREEK[letter]) if letter in _GREEK else word


def _may_divide_words(text: str) -> bool:
    """Return whether a hyphen may be at the end of a line; this test is much faster than the search for the word."""
    return "- " in text or "-\n" in text or "\u2010" in text


def _joined_at_line_ends(text: str) -> Iterator[Token]:
    """Yield each word of a text that is divided at the end of a line, joined and folded, with its place."""
    for match in _LINE_END.finditer(text):
        joined = words(match[1] + match[2])
        if len(joined) == 1:
            yield Token(joined[0], match.start(), match.end())
