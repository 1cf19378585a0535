"""Find the sentence of an abstract that says what the paper contributes."""

from __future__ import annotations

import re
from collections.abc import Sequence


def _any(words: str) -> str:
    return f"(?:{'|'.join(words.split())})"


_ADVERBS = r"(?:(?:[a-z]{2,18}ly|also|first|further|hence|here|next|now|then|therefore|thus),?\ ){0,2}"
_WORK = _any("paper work report article study letter survey review essay proposal thesis manuscript note")
_THIS_WORK = rf"(?:this|our|the\ present|the\ current)\ (?:(?!previous|prior|earlier)[a-z]{{1,12}}\ )?{_WORK}\b"
_PROPOSE = _any("propose introduce present develop advocate unveil")
_PROPOSED = _any("proposed introduced presented developed")
_BY = rf"by\ {_any('proposing introducing presenting developing')}"
_SOLVE = _any("address bridge close fill mitigate overcome resolve solve tackle")
_MEANS = _any(
    """
    algorithm analysis approach architecture benchmark corpus dataset experiments findings framework insight library
    method model results software system technique tool toolkit
    """
)

# After one of these, "we" begins a main clause, or a claim of the authors.
_CLAUSE = r"(?:\A|[,;:)]|\ here|\ that|\ and|\ but|\ (?:paper|work|end|this|these)|\A\ in\ this\ [a-z]{1,16})"
# The verbs after "we" that say nothing about the paper's own work.
_NOT_DONE = _any(
    "are believe call can cannot could do expect had have hope know live may might must need refer should want will"
)

# A sentence with "we" and one of these verbs gives a reason or an opinion. It seldom says what the paper is about.
_MINOR_VERBS = _any("acknowledge argue attribute conjecture envision highlight hypothesize note recommend suggest")

# What sentences about the authors' own work contain, from the most to the least telling. Each pattern is tried on a
# sentence in lower case, after a space.
_SIGNS = tuple(
    re.compile(pattern, re.VERBOSE)
    for pattern in (
        rf"""\ (?:
            (?:we|i)\ {_ADVERBS} (?:{_PROPOSE}|{_PROPOSED})\b
            | (?<!\ proposed\ ){_WORK}\ {_PROPOSE}s\b
            | (?:we|i)\ {_ADVERBS} {_SOLVE}\ [a-z\ ()-]{{1,80}}\ {_BY}\b
        )""",
        rf"""
            {_CLAUSE} \ (?:we|i)\ (?!{_ADVERBS}(?:{_NOT_DONE}|{_MINOR_VERBS})\b) [a-z]
            | \ {_THIS_WORK}
            | \A\ to\ {_SOLVE}\ (?:this|these|such|both)\b
            | \ {_SOLVE}e?s\ (?:this|these|such|both)\b
        """,
        rf"""\ (?:
            our\ (?!previous|prior|earlier) (?:[a-z-]{{1,16}}\ ){{0,4}} {_MEANS}
            | the\ proposed
            | a\ novel
            | (?:is|are)\ (?:[a-z]{{2,18}}ly\ )?{_PROPOSED}
        )\b""",
        rf"{_CLAUSE} \ (?:we|i)\ {_ADVERBS}{_MINOR_VERBS}\b",
    )
)
# A sentence that begins with one of these adds to the contribution, or is about an earlier one.
_MINOR = tuple(
    f" {beginning}"
    for beginning in (
        *("additionally", "also", "besides", "finally", "furthermore", "in addition", "in particular", "lastly"),
        *("likewise", "moreover", "similarly"),
        *(f"in {which}" for which in ("a previous", "earlier", "previous", "prior")),
        *(f"in our {which}" for which in ("earlier", "previous", "prior")),
        *("previously", "recently", "we previously", "we recently"),
    )
)
# A sentence that contains this adds to the contribution too.
_ALSO = re.compile(r"\ (?:is|are)\ also\ [a-z]{2,16}(?:ed|en|wn)\b")


def contribution(sentences: Sequence[str]) -> int | None:
    """Return the position of the sentence that tells most about the contribution, or None if none does."""
    lowered = [f" {sentence.lower()}" for sentence in sentences]
    minor = [place for place, sentence in enumerate(lowered) if _is_minor(sentence)]
    for places in ([place for place in range(len(lowered)) if place not in minor], minor):
        for sign in _SIGNS:
            for place in places:
                if sign.search(lowered[place]):
                    return place
    return None


def _is_minor(sentence: str) -> bool:
    return sentence.startswith(_MINOR) or _ALSO.search(sentence) is not None
