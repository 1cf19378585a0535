"""A digest with all kinds of content: links, votes, code, several sections, many scripts, and missing values.

Each abstract is one sentence, so that a mail shows it whole.
"""

from __future__ import annotations

from dataclasses import replace

from support.digest_samples import DIGEST, SETTINGS, paper

from notifier.models import Digest, Item, Paper, Section, Span, Spans
from notifier.signing import LinkSigner

VARIED_SETTINGS = replace(
    SETTINGS,
    link_signer=LinkSigner("https://papers.example.org", b"a secret key of thirty-two bytes"),
    topics={"quantization": "Quantization", "language-models": "Language Models"},
    postal_address="Example Labs & Sons, 1 Analytical Way, London",
)

LONG_TITLE = ("On Quantization, Pruning, Distillation and Every Other Way to Make Large Models Small, " * 4)[:300]
ADDRESS = (
    "https://example.org/an-address-that-nobody-can-break-because-it-has-no-spaces-in-it-at-all/and/goes/on/and/on"
)

VARIED_PAPERS: list[Paper] = [
    paper(
        1,
        abstract="We quantize the weights of a large language model to four bits, and lose 0.3 points at most.",
        authors=("Ada Lovelace", "Alan Turing", "Emmy Noether"),
        code="https://github.com/example/low-bit",
        stars=46,
        project="https://example.org/low-bit",
        topics=frozenset({"quantization", "language-models"}),
    ),
    paper(
        2,
        title="混合专家模型的低比特量化：一种面向所有人的方法",
        abstract="我们将大型语言模型的权重量化为四位。",
        authors=("张伟",),
    ),
    paper(
        3,
        title="كيف نضغط نماذج اللغة الكبيرة دون فقدان الدقة",
        abstract="نقدم طريقة جديدة لضغط النماذج.",
        authors=("علي", "حسن"),
    ),
    paper(
        4,
        title="Attention in O(n log n): α ≤ ½, ∇·E = ρ/ε₀ & $x_i^2$",
        abstract="Then ∑ᵢ xᵢ² ≤ ‖x‖² <eos> for all x ∈ ℝⁿ.",
    ),
    paper(5, title=LONG_TITLE, abstract=""),
    paper(6, title="A Paper without an Address, an Abstract or Authors", abstract="", arxiv_id=None, authors=()),
    paper(7, title="שפה ומודלים", abstract="An abstract in another direction than its title."),
    *[paper(number, title=f"Another Paper, Number {number}, about Something Else") for number in range(8, 14)],
    paper(14, title=ADDRESS, abstract=ADDRESS, authors=("x" * 90,)),
]


def _marks(number: int, in_title: str, in_abstract: str) -> Spans:
    shown = VARIED_PAPERS[number - 1]
    return Spans(_span(shown.title, in_title), _span(shown.abstract, in_abstract))


def _span(text: str, word: str) -> tuple[Span, ...]:
    return ((text.index(word), text.index(word) + len(word)),)


VARIED: Digest = replace(
    DIGEST,
    subject="15 new papers: Low-Bit Quantization for Everyone",
    subscriber_id=17,
    delivery_id=42,
    sections=(
        Section(
            "quantization OR pruning",
            (
                Item(1, 154, _marks(1, "Quantization", "quantize"), ("efficiency & speed",)),
                Item(2, 33),
                Item(3, 12),
                Item(8, 4),
                Item(9),
            ),
            3,
        ),
        Section('"mixture of experts" AND (routing OR gating) -survey', (Item(4), Item(5, 2), Item(14), Item(10)), 4),
        Section("اللغة", (Item(6), Item(7, 1200)), 5),
    ),
    rest=tuple(Item(number) for number in (11, 12, 13, 6)),
)
