"""Whether a text that was read as a page of papers is one.

Any text can be labelled: a chapter of a novel, too, has a title and prose. So what was read is weighed. Each criterion
is a mean over the papers, and has a weight; a text is refused where the weighed sum is negative. The weights were
fitted by logistic regression on 650 pages laid out from real papers and 630 other texts (licences, manuals, source
code, mail, prose), and rounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from notifier.models import Listing
from notifier.sources.page.lines import Line
from notifier.sources.page.traits import stems

_BASE = -3.9

_KINDS = (
    (
        "an HTML or XML document",
        re.compile(r"\s*<(?:!doctype|\?xml|!--|(?:html|head|body|div|rss|feed|svg)\b)", re.IGNORECASE),
    ),
    ("a JSON document", re.compile(r'\s*(?:\{\s*["}]|\[\s*(?:[{"]|-?\d[\d.]*\s*,|\[\s*["\d-]|\]))')),
    ("LaTeX or BibTeX", re.compile(r"(?:\s*%.*\n)*\s*(?:@\w+\s*\{|\\documentclass|\\begin\{)")),
    ("a table", re.compile(r"\s*\w+(?:[,;\t]\w+){2,}\s*\n")),
    (
        "a mail",
        re.compile(
            r"(?:(?:From|To|Cc|Subject|Date|Received|Return-Path|Delivered-To|Message-I[Dd]|MIME-Version|Content-[\w-]+"
            r"|Reply-To|X-[\w-]+|DKIM-Signature|Authentication-Results|ARC-[\w-]+|List-[\w-]+): .*\n(?:[ \t].*\n)*){3}"
        ),
    ),
)
_CODE = re.compile(r"[;{}]$|^(?:}|//|/\*|#include|import \w|from \S+ import |def \w+\(|class \w+[(:])")
_MOST_CODE = 0.4  # of the lines

_WORD = re.compile(r"[a-z]+")
_ENGLISH = frozenset(("the", "of", "and", "to", "in", "a", "is", "for", "with", "that"))
_LEAST_ENGLISH = 0.1  # of the words
_SCHOLARLY_STEMS = (
    "achie acros algor analy appro bench capab chall compu consi criti datas demon effic emerg estim evalu exper frame "
    "funda gener impro infer inves knowl langu learn metho model netwo neura novel optim paper parad perfo predi prese "
    "probl propo recen repre resul show shows simul strat struc study synth task tasks theor train we our"
)
_SCHOLARLY = frozenset(_SCHOLARLY_STEMS.split())
_PERSONAL = frozenset(("he", "she", "him", "her", "his", "hers", "said", "mr", "mrs", "ms", "you", "your", "yours"))
_ENOUGH = 4  # such words in an abstract
_SENTENCE = 25  # words
_LONGEST = 2200  # characters of an abstract; arXiv allows 1,920
_READ = 2500  # characters of an abstract that are looked at
_SEVERAL_WORDS = re.compile(r"\w+(?:\W+\w+){3}")
_PAPERS = re.compile(r"\b(?:papers?|arxiv|upvotes?|abstracts?)\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…。！？।][\"'”’)\]]*$")


def other_kind(text: str, lines: Sequence[Line]) -> str | None:
    """What a text is that is seen at a glance to be no page of papers."""
    named = next((name for name, pattern in _KINDS if pattern.match(text)), None)
    code = sum(bool(_CODE.search(line.text)) for line in lines)
    return named or ("source code" if code > _MOST_CODE * len(lines) else None)


def doubt(papers: Sequence[Listing], chrome: Sequence[str]) -> str | None:
    """Why these papers, amid this chrome, are hardly a page of papers; None where they are."""
    titles, papers = len(papers), [paper for paper in papers if paper.abstract]
    if len(papers) <= titles / 2:
        return "hardly a title in it is followed by an abstract"
    found = [mean(criterion.of(paper) for paper in papers) for criterion in _CRITERIA]
    sentences = sum(bool(_SEVERAL_WORDS.search(text)) for text in chrome)
    other_text = _OTHER_TEXT * math.log1p(sentences / len(papers))
    evidence = _BASE + other_text + sum(each.weight * value for each, value in zip(_CRITERIA, found, strict=True))
    if evidence + _SPEAKS_OF_PAPERS * any(_PAPERS.search(text) for text in chrome) >= 0:
        return None
    faults = [(each.weight * (each.usual - value), each.fault) for each, value in zip(_CRITERIA, found, strict=True)]
    return max([*faults, (-other_text, "most of it is neither title nor abstract")])[1]


def _scholarly(paper: Listing) -> float:
    """How many words of scholarship an English abstract holds, up to enough; a short one need not hold as many."""
    words = _WORD.findall(paper.abstract[:_READ].lower())
    found = len({word[:5] for word in words} & _SCHOLARLY)
    return min(_ENOUGH, found * max(1.0, _SENTENCE / max(1, len(words)))) * _english(paper)


def _english(paper: Listing) -> float:
    words = _WORD.findall(paper.abstract[:_READ].lower())
    return float(sum(word in _ENGLISH for word in words) > _LEAST_ENGLISH * len(words))


def _speaks_of_persons(paper: Listing) -> float:
    words = _WORD.findall(paper.abstract[:_READ].lower())
    return min(_ENOUGH, sum(word in _PERSONAL for word in words))


def _repeats_its_title(paper: Listing) -> float:
    words = stems(paper.title)
    return float(not words.isdisjoint(stems(paper.abstract[:_READ]))) if words else 0.5


def _title_is_broken_off(paper: Listing) -> float:
    return float(paper.title[-1] in ".,;:")


def _begins_a_sentence(paper: Listing) -> float:
    return float(not paper.abstract[0].islower() and paper.abstract[0].isalnum())


def _ends_a_sentence(paper: Listing) -> float:
    return float(bool(_SENTENCE_END.search(paper.abstract[-8:])))


def _excess(paper: Listing) -> float:
    """How much longer than any abstract, on a logarithmic scale."""
    return max(0.0, math.log(len(paper.abstract) / _LONGEST))


@dataclass(frozen=True, slots=True)
class _Criterion:
    of: Callable[[Listing], float]
    weight: float
    usual: float  # on a page of papers
    fault: str


_CRITERIA = (
    _Criterion(_scholarly, 2.3, 4, "it does not read like research"),
    _Criterion(_english, -4.6, 1, "it does not read like research"),  # so that other languages need not
    _Criterion(_speaks_of_persons, -3.2, 0, "it speaks of persons, or to the reader"),
    _Criterion(_repeats_its_title, 0.8, 1, "its titles have nothing to do with the text below them"),
    _Criterion(_title_is_broken_off, -2.0, 0, "its lines do not look like titles"),
    _Criterion(_begins_a_sentence, 3.9, 1, "the text below its titles is no prose"),
    _Criterion(_ends_a_sentence, 2.0, 1, "the text below its titles is no prose"),
    _Criterion(_excess, -2.2, 0, "the text below its titles is too long for abstracts"),
)
_SPEAKS_OF_PAPERS = 1.5  # the chrome does
_OTHER_TEXT = -1.4  # by the logarithm of such lines per paper
