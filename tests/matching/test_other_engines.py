"""The encoding of words for the other engines of the benchmark: different words differ, and prefixes stay prefixes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st
from support.query_samples import SAMPLE_PAPERS

from benchmarks.matching import fts5
from benchmarks.matching.contender import stemmed, tokens_of, word
from notifier import queries
from notifier.matching import index, tokenise
from notifier.models import Paper

WORDS = st.text("0125bx+#azé深α", min_size=1, max_size=6)


@given(WORDS, WORDS)
@example("150", "15+")
@example("c0", "c#")
@example("0x", "0")
def test_a_word_begins_with_a_prefix_exactly_if_their_spellings_do(prefix: str, text: str) -> None:
    assert word(text).startswith(word(prefix)) == text.startswith(prefix)
    assert word(text).isascii() and word(text).isalnum()
    assert word(prefix) != stemmed(text)


TITLES = st.lists(
    st.sampled_from(["15+", "150", "1502b0", "c++", "c#", "c", "c00", "15", "150x", "nonlinear"]), max_size=5
)


@given(st.lists(TITLES.map(" ".join), min_size=1, max_size=5), SAMPLE_PAPERS)
def test_fts5_finds_what_the_engine_finds(titles: list[str], sample: Paper) -> None:
    papers = [replace(sample, id=number, title=title) for number, title in enumerate(titles)]
    asked = [queries.parse(text) for text in ("150*", "15+", "c#", "c++", '"15+"', "1502*", "150x*", "c00*", "-15 c")]
    peer = fts5.Fts5()
    peer.set_queries(asked)
    peer.set_papers([tokens_of(each) for each in papers])
    peer.match()
    found = index(papers, list(map(tokenise, papers)))
    expected = [(number, paper) for number, query in enumerate(asked) for paper in found.match(query)]
    assert sorted(peer.pairs()) == expected
