"""Papers and chrome made up at random, and the pages that they are laid out on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

from notifier.resources import resource
from notifier.sources.cleaning import clean

SEEDS = tuple(sorted(resource("seeds").glob("*.txt")))
HEAD_LINES = (2, 5, 6)  # chrome above the first title of each seed, in lines that are not blank

Entry = tuple[str, str]  # a title and its abstract


def seed_papers() -> list[Entry]:
    """The papers of the seeds, by their bare alternation: the first title's `Subscribe` is cut off by hand."""
    papers: list[Entry] = []
    for path, head in zip(SEEDS, HEAD_LINES, strict=True):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()][head:]
        lines[0] = lines[0].removeprefix("Subscribe")
        papers += zip(lines[::2], lines[1::2], strict=True)
    return papers


_SUBJECTS = [
    "Graph Networks",
    "Diffusion Models",
    "Language Agents",
    "Sparse Kernels",
    "Robot Policies",
    "Tensor Programs",
    "3D Scenes",
]
_TASKS = [
    "Planning",
    "Retrieval",
    "Code Generation",
    "Speech Recognition",
    "Theorem Proving",
    "Weather Forecasting",
    "Drug Discovery",
]
_WAYS = [
    "Adaptive",
    "Efficient",
    "Scalable",
    "Self-Supervised",
    "Robust",
    "Hierarchical",
    "Interpretable",
    "Training-Free",
]


@st.composite
def made_up_papers(draw: st.DrawFn) -> Entry:
    """A title and an abstract about the same thing, in the shapes that real ones come in."""
    subject, task, way = (draw(st.sampled_from(words)) for words in (_SUBJECTS, _TASKS, _WAYS))
    title = draw(
        st.sampled_from(
            (
                f"{way} {subject} for {task}",
                f"{way.upper()}: {task} with {subject}",
                f"Are {subject} Enough for {task}?",
                f"{way} {subject} for {task}.",
                f"{draw(st.integers(2, 999))} {way} Ways to {task} with {subject}",
                f"Towards {way.lower()} {subject.lower()} for {task.lower()}",
                f"On {task}",
                f"{subject} Are All You Need for {way} {task}: A Study of Long Titles That Go On Until No Screen Is Wide "  # noqa: E501 - a title as long as they come
                "Enough to Show Them",
            )
        )
    )
    subject, task, way = subject.lower(), task.lower(), way.lower()
    sentences = (
        f"We propose {subject} for {task}.",
        f"This paper studies {task} with {way} {subject}, which has been hard so far.",
        f"However, existing {subject} are slow, and their cost grows with the size of the problem.",
        f"Experiments on 12 benchmarks show that our method improves {task} by 8.7% (p < 0.01) over strong baselines.",
    )
    return title, " ".join(draw(st.lists(st.sampled_from(sentences), min_size=1, max_size=6, unique=True)))


def papers(least: int = 1, most: int = 12) -> st.SearchStrategy[list[Entry]]:
    """Some papers, real and made up; the same one may stand there twice, but not twice in a row."""
    entries = st.one_of(st.sampled_from(seed_papers()), made_up_papers().filter(_says_enough))
    return st.lists(entries, min_size=least, max_size=most).filter(
        lambda drawn: all(one[0] != other[0] for one, other in pairwise(drawn))
    )


def _says_enough(entry: Entry) -> bool:
    """Two words above one short sentence may be a heading of the page as well as a paper: that is beyond any reader."""
    title, abstract = entry
    return len(title.split()) > 2 or len(abstract.split()) >= 10


@dataclass(frozen=True)
class Layout:
    """How papers are laid out as lines; a number of blank lines stands before each part."""

    before_title: int = 0
    before_abstract: int = 0
    width: int | None = None
    trailing: str = ""
    line_end: str = "\n"

    def lay(self, entries: Iterable[Entry], above: Sequence[str] = (), below: Sequence[str] = ()) -> str:
        """The page as one text, each line ended."""
        lines = list(above)
        for title, abstract in entries:
            lines += [""] * self.before_title + [title] + [""] * self.before_abstract + self.wrapped(abstract)
        lines += [*[""] * self.before_title, *below]
        return "".join(line + self.trailing + self.line_end for line in lines)

    def wrapped(self, text: str) -> list[str]:
        """The text as the lines that the width of the page makes of it."""
        if self.width is None:
            return [text]
        return textwrap.wrap(text, self.width, break_long_words=False, break_on_hyphens=False)


def cleaned(entries: Iterable[Entry]) -> list[Entry]:
    """Papers as they are stored."""
    return [(clean(title), clean(abstract)) for title, abstract in entries]
