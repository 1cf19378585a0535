"""The text in which a digest's row stores its items."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.digests.cache import Cache
from notifier.digests.items import ItemsDecoder, decode, encode, paper_ids
from notifier.errors import ComposeError
from notifier.models import Item, MarkedWords, Section, Spans

text = st.text(max_size=20)
offsets = st.integers(0, 5000)
span_lists = st.lists(st.tuples(offsets, offsets), max_size=4).map(tuple)
word_lists = st.lists(st.text(min_size=1, max_size=20), max_size=4).map(tuple)
items_of_today = st.builds(
    Item,
    paper_id=st.integers(1, 10**9),
    upvotes=st.none() | st.integers(0, 10**6),
    also=st.lists(text, max_size=3).map(tuple),
    marks=st.just(Spans()),
    words=st.builds(MarkedWords, title=word_lists, abstract=word_lists),
    votes=st.integers(0, 1) | st.integers(0, 10**6),
    because=st.just("") | text,
)
items_of_version_2 = st.builds(
    Item,
    paper_id=st.integers(1, 10**9),
    upvotes=st.none() | st.integers(0, 10**6),
    marks=st.builds(Spans, title=span_lists, abstract=span_lists),
    words=st.just(MarkedWords()),
    also=st.lists(text, max_size=3).map(tuple),
)
item_lists = st.lists(items_of_today | items_of_version_2, max_size=4).map(tuple)
subscription_ids = st.none() | st.integers(1, 10**9)
section_lists = st.lists(
    st.builds(Section, label=text, items=item_lists, subscription_id=subscription_ids, note=st.just("") | text),
    max_size=4,
).map(tuple)


@settings(deadline=None)
@given(section_lists, item_lists)
def test_items_are_read_back_as_they_were_written(sections: tuple[Section, ...], rest: tuple[Item, ...]) -> None:
    written = encode(sections, rest)
    assert decode(written) == (sections, rest)
    assert written.isascii() and written.count("\n") == len(sections) + 1


@settings(deadline=None)
@given(section_lists, item_lists)
def test_paper_ids_returns_every_paper_of_the_text(sections: tuple[Section, ...], rest: tuple[Item, ...]) -> None:
    every = {item.paper_id for section in sections for item in section.items} | {item.paper_id for item in rest}
    assert paper_ids(encode(sections, rest)) == every


def test_unknown_upvotes_stay_unknown_and_zero_stays_zero() -> None:
    items = (Item(1, upvotes=None), Item(2, upvotes=0))
    assert decode(encode((), items)) == ((), items)


def test_empty_values_at_the_end_of_an_item_are_not_written() -> None:
    assert encode((), (Item(7), Item(8))) == "[3,[],\n[null,\t[7],\t[8]]]"
    section = Section(
        "a", (Item(7, 3, also=("b",), words=MarkedWords(("bees",))), Item(8, words=MarkedWords(("a b",))))
    )
    assert encode((section,), ()) == '[3,[null],\n["a",\t[7,3,["bees"],[],["b"]],\t[8,null,["a b"]]],\n[null]]'


def test_votes_are_written_by_name_and_only_if_there_are_any() -> None:
    items = (Item(7, votes=3), Item(8, 5, votes=0), Item(9, 5, words=MarkedWords(("bees",)), votes=1))
    written = '[3,[],\n[null,\t[7,null,[],[],[],{"votes":3}],\t[8,5],\t[9,5,["bees"],[],[],{"votes":1}]]]'
    assert encode((), items) == written and decode(written) == ((), items)


def test_a_section_keeps_the_id_of_its_subscription() -> None:
    sections = (Section("a", (Item(7),), 5), Section("b", (Item(8),)))
    assert encode(sections, ()) == '[3,[5,null],\n["a",\t[7]],\n["b",\t[8]],\n[null]]'


def test_a_text_of_version_1_is_read() -> None:
    sections = (Section("a", (Item(7, 3, Spans(((0, 4),)), ("b",)), Item(9, also=("a",))), 5), Section("b", (Item(8),)))
    older = '[1,["a","b"],[[0,[[7,3,[0,4],[],[1]],[9,null,[],[],[0]]],5],[1,[[8]]]],[[6],[5,0]]]'
    assert decode(older) == (sections, (Item(6), Item(5, 0)))
    assert paper_ids(older) == {5, 6, 7, 8, 9}


def test_a_text_of_version_2_is_read() -> None:
    sections = (Section("a", (Item(7, 3, Spans(((0, 4),), ((5, 9), (12, 15))), ("b",)), Item(8)), 5),)
    older = '[2,[5],\n["a",\t[7,3,[0,4],[5,9,12,15],["b"]],\t[8]],\n[null,\t[5,0]]]'
    assert decode(older) == (sections, (Item(5, 0),))


def test_a_decoder_returns_the_same_objects_for_the_same_line() -> None:
    decoder = ItemsDecoder(Cache(1 << 20))
    first, second = (encode((Section("a", (Item(7, 3, Spans(((0, 4),))),), number),), ()) for number in (5, 6))
    (one,), (other,) = decoder.decode(first)[0], decoder.decode(second)[0]
    assert one.items is other.items and (one.subscription_id, other.subscription_id) == (5, 6)


def test_a_text_of_an_unknown_version_is_refused_with_its_version() -> None:
    with pytest.raises(ComposeError, match="version 9"):
        decode("[9,[],[],[]]")


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{}",
        "[]",
        "nothing",
        "[1]",
        "[1,[],[[0,[[1]]]],[]]",
        "[1,[],[],[[1,2,[5]]]]",
        "[1,[],[],[[]]]",
        "[1,[],[],[7]]",
        '[1,["a"],[[0,[[1]],5,6]],[]]',
        "[2,[]]",
        "[2,[],\n[null]",
        "[2,[],\n[null,\t7]]",
        "[2,[],\n[null,[7]]]",
        "[2,[],\n[null,\t[]]]",
        "[2,[],\n[null,\t[1,2,[5]]]]",
        '[3,[],\n[null,\t[1,2,[],[],[],{"others":5}]]]',
        "[3,[],\n[null,\t[1,2,[],[],[],5]]]",
        "[2,[5],\n[null]]",
        '[2,[],\n["a"],\n[null]]',
    ],
)
def test_a_broken_text_raises_a_compose_error(broken: str) -> None:
    with pytest.raises(ComposeError):
        decode(broken)


def test_the_text_is_valid_json() -> None:
    written = encode((Section("vision", (Item(1),), 3),), (Item(2, 5),))
    assert json.loads(written) == [3, [3], ["vision", [1]], [None, [2, 5]]]
