"""Real and invented papers, and layouts that turn them into the text of a copied page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

from notifier.resources import resource
from notifier.sources.cleaning import clean

SEEDS = tuple(sorted(resource("seeds").glob("*.txt")))
HEAD_LINES = (2, 5, 6)  # for each seed, the number of non-blank lines above the first title

Entry = tuple[str, str]  # a title and its abstract


def seed_papers() -> list[Entry]:
    """Return the papers of the seeds without calling the parser.

    In the seeds, titles and abstracts alternate. `Subscribe` is removed from the first title of each seed.
    """
    entries: list[Entry] = []
    for path, head in zip(SEEDS, HEAD_LINES, strict=True):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()][head:]
        lines[0] = lines[0].removeprefix("Subscribe")
        entries += zip(lines[::2], lines[1::2], strict=True)
    return entries


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
def invented_papers(draw: st.DrawFn) -> Entry:
    """Generate a title and an abstract about the same subject, in forms that real papers have."""
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
                f"{subject} Are All You Need for {way} {task}: A Study of Long Titles That Go On Until No Screen Is Wide "  # noqa: E501 - a very long title
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


def lists_of_papers(least: int = 1, most: int = 12) -> st.SearchStrategy[list[Entry]]:
    """Generate lists of real and invented papers; a title may occur twice in a list, but not twice in a row."""
    entries = st.one_of(st.sampled_from(seed_papers()), invented_papers().filter(_can_be_recognised))
    return st.lists(entries, min_size=least, max_size=most).filter(
        lambda drawn: all(one[0] != other[0] for one, other in pairwise(drawn))
    )


def _can_be_recognised(entry: Entry) -> bool:
    """Return False if a title has at most two words and its abstract fewer than ten.

    Nobody can say whether such text is a paper or a heading with a sentence below it.
    """
    title, abstract = entry
    return len(title.split()) > 2 or len(abstract.split()) >= 10


@dataclass(frozen=True)
class Layout:
    """How papers become the lines of a page.

    `before_title` and `before_abstract` are numbers of blank lines. Abstracts are wrapped at `width` columns, if any.
    `trailing` is white space at the end of every line.
    """

    before_title: int = 0
    before_abstract: int = 0
    width: int | None = None
    trailing: str = ""
    line_end: str = "\n"

    def render(self, entries: Iterable[Entry], above: Sequence[str] = (), below: Sequence[str] = ()) -> str:
        """Return the text of a page with these papers, and with these lines above and below them."""
        lines = list(above)
        for title, abstract in entries:
            lines += [""] * self.before_title + [title] + [""] * self.before_abstract + self.wrap(abstract)
        lines += [*[""] * self.before_title, *below]
        return "".join(line + self.trailing + self.line_end for line in lines)

    def wrap(self, text: str) -> list[str]:
        """Return the text as lines that fit the width of the page."""
        if self.width is None:
            return [text]
        return textwrap.wrap(text, self.width, break_long_words=False, break_on_hyphens=False)


def cleaned(entries: Iterable[Entry]) -> list[Entry]:
    """Return the papers with their text cleaned, as `parse_dump` returns them."""
    return [(clean(title), clean(abstract)) for title, abstract in entries]
