"""A digest's items survive their way through the row that keeps them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.digests.cache import Memory
from notifier.digests.items import ItemsDecoder, dumps, loads, paper_ids
from notifier.errors import ComposeError
from notifier.models import Item, Section, Spans

text = st.text(max_size=20)
offsets = st.integers(0, 5000)
span_lists = st.lists(st.tuples(offsets, offsets), max_size=4).map(tuple)
item_lists = st.lists(
    st.builds(
        Item,
        paper_id=st.integers(1, 10**9),
        upvotes=st.none() | st.integers(0, 10**6),
        marks=st.builds(Spans, title=span_lists, abstract=span_lists),
        also=st.lists(text, max_size=3).map(tuple),
    ),
    max_size=4,
).map(tuple)
subscription_ids = st.none() | st.integers(1, 10**9)
section_lists = st.lists(
    st.builds(Section, label=text, items=item_lists, subscription_id=subscription_ids), max_size=4
).map(tuple)


@settings(deadline=None)
@given(section_lists, item_lists)
def test_what_was_written_is_read_back(sections: tuple[Section, ...], rest: tuple[Item, ...]) -> None:
    written = dumps(sections, rest)
    assert loads(written) == (sections, rest)
    assert written.isascii() and written.count("\n") == len(sections) + 1


@settings(deadline=None)
@given(section_lists, item_lists)
def test_the_ledger_names_every_paper(sections: tuple[Section, ...], rest: tuple[Item, ...]) -> None:
    every = {item.paper_id for section in sections for item in section.items} | {item.paper_id for item in rest}
    assert paper_ids(dumps(sections, rest)) == every


def test_an_unknown_upvote_stays_unknown_and_zero_stays_zero() -> None:
    items = (Item(1, upvotes=None), Item(2, upvotes=0))
    assert loads(dumps((), items)) == ((), items)


def test_a_plain_item_costs_little_more_than_its_number() -> None:
    assert dumps((), (Item(7), Item(8))) == "[2,[],\n[null,\t[7],\t[8]]]"
    section = Section("a", (Item(7, 3, Spans(((0, 4),)), ("b",)),))
    assert dumps((section,), ()) == '[2,[null],\n["a",\t[7,3,[0,4],[],["b"]]],\n[null]]'


def test_a_section_keeps_its_subscription() -> None:
    sections = (Section("a", (Item(7),), 5), Section("b", (Item(8),)))
    assert dumps(sections, ()) == '[2,[5,null],\n["a",\t[7]],\n["b",\t[8]],\n[null]]'


def test_a_row_of_the_version_before_is_read() -> None:
    sections = (Section("a", (Item(7, 3, Spans(((0, 4),)), ("b",)), Item(9, also=("a",))), 5), Section("b", (Item(8),)))
    older = '[1,["a","b"],[[0,[[7,3,[0,4],[],[1]],[9,null,[],[],[0]]],5],[1,[[8]]]],[[6],[5,0]]]'
    assert loads(older) == (sections, (Item(6), Item(5, 0)))
    assert paper_ids(older) == {5, 6, 7, 8, 9}


def test_the_same_line_gives_the_same_items() -> None:
    reader = ItemsDecoder(Memory(1 << 20))
    first, second = (dumps((Section("a", (Item(7, 3, Spans(((0, 4),))),), number),), ()) for number in (5, 6))
    (one,), (other,) = reader.loads(first)[0], reader.loads(second)[0]
    assert one.items is other.items and (one.subscription_id, other.subscription_id) == (5, 6)


def test_items_of_another_version_say_so() -> None:
    with pytest.raises(ComposeError, match="version 9"):
        loads("[9,[],[],[]]")


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
        "[2,[5],\n[null]]",
        '[2,[],\n["a"],\n[null]]',
    ],
)
def test_a_broken_row_fails_alone_with_a_reason(broken: str) -> None:
    with pytest.raises(ComposeError):
        loads(broken)


def test_the_text_is_json_that_anyone_can_read() -> None:
    written = dumps((Section("vision", (Item(1),), 3),), (Item(2, 5),))
    assert json.loads(written) == [2, [3], ["vision", [1]], [None, [2, 5]]]
