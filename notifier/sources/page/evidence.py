"""Decide whether a text is a page of papers, and say why if it is not.

Every text has lines that look like titles and abstracts, even a chapter of a novel. So this module weighs the evidence
that the papers found in a text are real. Each criterion assigns a number to a paper. The mean of these numbers over all
papers is multiplied by the weight of the criterion. The products are added to a constant and to two numbers for the
lines that belong to no paper. A text is refused if the sum is negative. The weights were fitted by logistic regression
on 650 pages made of real papers and on 630 other texts (licences, manuals, source code, mail, prose), and then rounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from notifier.models import Listing
from notifier.sources.page.lines import PageLine
from notifier.sources.page.traits import word_stems

_HTML = "an HTML or XML document"
# Markdown may contain tags of HTML, also at its beginning. HTML contains no headings and links of Markdown.
_HEADING_OR_LINK = re.compile(r"^#{1,6} \S|\]\(https?:", re.MULTILINE)
_MIN_MARKDOWN = 5  # headings and links
_SAMPLE = 1 << 16  # characters

_OTHER_KINDS = (
    (
        _HTML,
        re.compile(r"\A\s*<(?:!doctype|\?xml|!--|(?:html|head|body|div|rss|feed|svg)\b)", re.IGNORECASE),
    ),
    ("a JSON document", re.compile(r'\A\s*(?:\{\s*["}]|\[\s*(?:[{"]|-?\d[\d.]*\s*,|\[\s*["\d-]|\]))')),
    ("LaTeX or BibTeX", re.compile(r"\A(?:\s*%.*\n)*\s*(?:@\w+\s*\{|\\documentclass|\\begin\{)")),
    ("a table", re.compile(r"\A\s*\w+(?:[,;\t]\w+){2,}\s*\n")),
    (
        "a mail",
        re.compile(
            r"(?:(?:From|To|Cc|Subject|Date|Received|Return-Path|Delivered-To|Message-I[Dd]|MIME-Version|Content-[\w-]+"
            r"|Reply-To|X-[\w-]+|DKIM-Signature|Authentication-Results|ARC-[\w-]+|List-[\w-]+): .*\n(?:[ \t].*\n)*){3}"
        ),
    ),
)
_CODE = re.compile(r"[;{}]$|^(?:}|//|/\*|#include|import \w|from \S+ import |def \w+\(|class \w+[(:])")
_MAX_CODE = 0.4  # a text in which a larger share of the lines is code counts as source code

_WORD = re.compile(r"[a-z]+")
_ENGLISH = frozenset(("the", "of", "and", "to", "in", "a", "is", "for", "with", "that"))
_MIN_ENGLISH = 0.1  # an abstract is in English if a larger share of its words is in _ENGLISH
_SCHOLARLY_STEMS = (
    "achie acros algor analy appro bench capab chall compu consi criti datas demon effic emerg estim evalu exper frame "
    "funda gener impro infer inves knowl langu learn metho model netwo neura novel optim paper parad perfo predi prese "
    "probl propo recen repre resul show shows simul strat struc study synth task tasks theor train we our"
)
_SCHOLARLY = frozenset(_SCHOLARLY_STEMS.split())
_SCHOLARLY_STEM_LENGTH = 5  # letters
_PERSONAL = frozenset(("he", "she", "him", "her", "his", "hers", "said", "mr", "mrs", "ms", "you", "your", "yours"))
_MAX_COUNTED = 4  # scholarly or personal words of an abstract: more than four count as four
_SHORT_ABSTRACT = 25  # words
_LONGEST_ABSTRACT = 2200  # characters; arXiv allows 1,920
_READ = 2500  # characters of an abstract that are searched for words
_SEVERAL_WORDS = re.compile(r"\b\w++(?:\W++\w++){3}")
_MENTIONS_PAPERS = re.compile(r"\b(?:papers?|arxiv|upvotes?|abstracts?)\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…。！？।][\"'”’)\]]*$")


def recognise_other_kind(text: str, lines: Sequence[PageLine]) -> str | None:
    """Return what a text is if it is plainly something other than a page of papers, such as "a mail"; else None."""
    kind = next((name for name, pattern in _OTHER_KINDS if pattern.match(text)), None)
    if kind == _HTML and len(_HEADING_OR_LINK.findall(text[:_SAMPLE])) >= _MIN_MARKDOWN:
        kind = None
    lines_of_code = sum(bool(_CODE.search(line.text)) for line in lines)
    return kind or ("source code" if lines_of_code > _MAX_CODE * len(lines) else None)


def reason_to_refuse(listings: Sequence[Listing], chrome: Sequence[str]) -> str | None:
    """Return why a text is not a page of papers, or None if it is one.

    `listings` are the papers that were found in the text, and `chrome` are the lines that belong to none of them.
    """
    papers = [listing for listing in listings if listing.abstract]
    if len(papers) <= len(listings) / 2:
        return "it has too few titles with an abstract below them"
    means = [mean(criterion.measure(paper) for paper in papers) for criterion in _CRITERIA]
    sentences = sum(bool(_SEVERAL_WORDS.search(text)) for text in chrome)
    other_text = _OTHER_TEXT_WEIGHT * math.log1p(sentences / len(papers))
    evidence = _BASE + other_text + sum(each.weight * value for each, value in zip(_CRITERIA, means, strict=True))
    if evidence + _MENTIONS_PAPERS_WEIGHT * any(_MENTIONS_PAPERS.search(text) for text in chrome) >= 0:
        return None
    # The reason is the criterion that lowers the sum most, compared with a page of real papers.
    faults = [(each.weight * (each.usual - value), each.fault) for each, value in zip(_CRITERIA, means, strict=True)]
    return max([*faults, (-other_text, "too much of it is neither a title nor an abstract")])[1]


def _count_scholarly_words(paper: Listing) -> float:
    """Return how many different scholarly words an abstract has, at most 4; 0 if it is not in English.

    The number is scaled up if the abstract has fewer than 25 words.
    """
    words = _words_of_abstract(paper)
    count = len({word[:_SCHOLARLY_STEM_LENGTH] for word in words} & _SCHOLARLY)
    return min(_MAX_COUNTED, count * max(1.0, _SHORT_ABSTRACT / max(1, len(words)))) * _is_english(paper)


def _is_english(paper: Listing) -> float:
    """Return 1 if the abstract is in English, else 0."""
    words = _words_of_abstract(paper)
    return float(sum(word in _ENGLISH for word in words) > _MIN_ENGLISH * len(words))


def _count_personal_words(paper: Listing) -> float:
    """Return how many words such as "she" and "you" the abstract has, at most 4."""
    return min(_MAX_COUNTED, sum(word in _PERSONAL for word in _words_of_abstract(paper)))


def _words_of_abstract(paper: Listing) -> list[str]:
    return _WORD.findall(paper.abstract[:_READ].lower())


def _repeats_title(paper: Listing) -> float:
    """Return 1 if the abstract repeats a word of its title, else 0; 0.5 if the title has no word to compare."""
    stems = word_stems(paper.title)
    return float(not stems.isdisjoint(word_stems(paper.abstract[:_READ]))) if stems else 0.5


def _title_ends_in_punctuation(paper: Listing) -> float:
    """Return 1 if the title ends with a period, comma, colon or semicolon, as titles seldom do, else 0."""
    return float(paper.title[-1] in ".,;:")


def _begins_like_sentence(paper: Listing) -> float:
    """Return 1 if the abstract begins like a sentence, else 0."""
    return float(not paper.abstract[0].islower() and paper.abstract[0].isalnum())


def _ends_like_sentence(paper: Listing) -> float:
    """Return 1 if the abstract ends like a sentence, else 0."""
    return float(bool(_SENTENCE_END.search(paper.abstract[-8:])))


def _excess_length(paper: Listing) -> float:
    """Return the natural logarithm of how many times longer than 2,200 characters the abstract is, at least 0."""
    return max(0.0, math.log(len(paper.abstract) / _LONGEST_ABSTRACT))


@dataclass(frozen=True, slots=True)
class _Criterion:
    """One kind of evidence: how it is measured, and how much it counts.

    `usual` is the number that `measure` usually returns for a real paper. `fault` describes a text with other numbers.
    """

    measure: Callable[[Listing], float]
    weight: float
    usual: float
    fault: str


_CRITERIA = (
    _Criterion(_count_scholarly_words, 2.3, 4, "it does not read like research"),
    # Only texts in English can score for scholarly words. This negative weight makes up for a part of that.
    _Criterion(_is_english, -4.6, 1, "it does not read like research"),
    _Criterion(_count_personal_words, -3.2, 0, 'it uses words such as "he", "she" and "you" too often'),
    _Criterion(_repeats_title, 0.8, 1, "the text below its titles does not repeat any of their words"),
    _Criterion(_title_ends_in_punctuation, -2.0, 0, "its titles end in punctuation, like parts of a sentence"),
    _Criterion(_begins_like_sentence, 3.9, 1, "the text below its titles does not begin like a sentence"),
    _Criterion(_ends_like_sentence, 2.0, 1, "the text below its titles does not end like a sentence"),
    _Criterion(_excess_length, -2.2, 0, "the text below its titles is too long for abstracts"),
)
_BASE = -3.9  # the sum for a text without any evidence
_MENTIONS_PAPERS_WEIGHT = 1.5  # added once if a line of chrome contains a word such as "papers"
_OTHER_TEXT_WEIGHT = -1.4  # multiplied by log(1 + sentences in the chrome / papers)
