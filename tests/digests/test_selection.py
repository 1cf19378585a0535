"""Which papers a digest holds, and in which section."""

from hypothesis import given, settings
from hypothesis import strategies as st
from support.digest_samples import paper

from notifier.digests.selection import select
from notifier.models import Item, MarkedWords, Paper, Section, Subscription

PAPERS = [paper(number) for number in range(40)]
NONE_HELD: frozenset[int] = frozenset()


def no_marks(_subscription: Subscription, _paper: Paper) -> MarkedWords:
    return MarkedWords()


def subscription(label: str, number: int = 1) -> Subscription:
    return Subscription(number, label)


def ids(items: tuple[Item, ...]) -> list[int]:
    return [item.paper_id for item in items]


def test_a_section_has_the_label_of_its_subscription_and_its_papers_in_order() -> None:
    selection = select([(subscription("diffusion"), [PAPERS[3], PAPERS[1]])], NONE_HELD, no_marks)
    assert selection is not None
    assert selection.sections == (Section("diffusion", (Item(3), Item(1)), 1),)
    assert selection.rest == ()


def test_without_a_new_paper_there_is_no_digest() -> None:
    assert select([], NONE_HELD, no_marks) is None
    assert select([(subscription("diffusion"), [])], NONE_HELD, no_marks) is None
    assert select([(subscription("diffusion"), PAPERS[:2])], {0, 1}, no_marks) is None


def test_a_paper_is_in_the_section_of_the_first_subscription_that_matched_it_and_names_the_others() -> None:
    matched = [(subscription(label), PAPERS[:1]) for label in ("first", "second", "third", "second")]
    selection = select(matched, NONE_HELD, no_marks)
    assert selection is not None
    assert selection.sections == (Section("first", (Item(0, also=("second", "third")),), 1),)


def test_two_subscriptions_with_the_same_label_do_not_name_each_other() -> None:
    selection = select(
        [(subscription("same", 1), PAPERS[:1]), (subscription("same", 2), PAPERS[:1])], NONE_HELD, no_marks
    )
    assert selection is not None
    assert selection.sections[0].items[0].also == ()


def test_papers_held_by_earlier_digests_are_left_out() -> None:
    selection = select([(subscription("all"), PAPERS[:3])], {1}, no_marks)
    assert selection is not None
    assert ids(selection.sections[0].items) == [0, 2]


def test_the_marked_words_of_all_matching_subscriptions_are_united() -> None:
    words = {
        "first": MarkedWords(title=("bees",), abstract=("bees", "deep learning")),
        "second": MarkedWords(title=("wasps", "bees"), abstract=("ants",)),
    }
    matched = [(subscription(label), PAPERS[:1]) for label in words]
    selection = select(matched, NONE_HELD, lambda subscription, _: words[subscription.label])
    assert selection is not None
    assert selection.sections[0].items[0].words == MarkedWords(("bees", "wasps"), ("bees", "deep learning", "ants"))


def test_items_in_sections_and_in_the_rest_keep_their_upvotes() -> None:
    papers = [paper(1, upvotes=7), paper(2, upvotes=None), paper(3, upvotes=0)]
    selection = select([(subscription("all"), papers)], NONE_HELD, no_marks, limit=1)
    assert selection is not None
    assert selection.sections[0].items[0].upvotes == 7
    assert [item.upvotes for item in selection.rest] == [None, 0]


def test_a_short_section_is_shown_whole_beside_a_long_one() -> None:
    matched = [(subscription("long"), PAPERS[:20]), (subscription("short"), PAPERS[20:22])]
    selection = select(matched, NONE_HELD, no_marks, limit=6)
    assert selection is not None
    assert [(section.label, ids(section.items)) for section in selection.sections] == [
        ("long", [0, 1, 2, 3]),
        ("short", [20, 21]),
    ]
    assert ids(selection.rest) == list(range(4, 20))


def test_the_rest_takes_papers_from_the_sections_in_turn_best_first() -> None:
    matched = [(subscription("one"), PAPERS[:3]), (subscription("two"), PAPERS[10:13])]
    selection = select(matched, NONE_HELD, no_marks, limit=2)
    assert selection is not None
    assert ids(selection.rest) == [1, 11, 2, 12]


def test_with_a_limit_below_the_number_of_subscriptions_only_the_first_subscriptions_have_sections() -> None:
    matched = [(subscription(str(number)), [PAPERS[number]]) for number in range(5)]
    selection = select(matched, NONE_HELD, no_marks, limit=3)
    assert selection is not None
    assert [section.label for section in selection.sections] == ["0", "1", "2"]
    assert ids(selection.rest) == [3, 4]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(range(40)), unique=True), max_size=6),
    st.sets(st.sampled_from(range(40))),
    st.integers(1, 12),
)
def test_every_new_paper_is_in_the_digest_once_and_the_sections_share_the_limit_evenly(
    numbers: list[list[int]], held: set[int], limit: int
) -> None:
    matched = [(subscription(str(place)), [PAPERS[n] for n in each]) for place, each in enumerate(numbers)]
    selection = select(matched, held, no_marks, limit)
    new = {n for each in numbers for n in each} - held
    if selection is None:
        assert not new
        return
    shown = {section.label: ids(section.items) for section in selection.sections}
    in_digest = [n for each in shown.values() for n in each] + ids(selection.rest)
    assert sorted(in_digest) == sorted(new)
    assert sum(map(len, shown.values())) == min(limit, len(new))
    owner = {n: next(str(place) for place, each in enumerate(numbers) if n in each) for n in new}
    assert all(owner[n] == label for label, each in shown.items() for n in each)
    for label in {owner[n] for n in ids(selection.rest)}:
        most = max(map(len, shown.values()))
        assert len(shown.get(label, [])) >= most - 1, (
            "a section whose papers are partly in the rest has at most one paper fewer than any other section"
        )
