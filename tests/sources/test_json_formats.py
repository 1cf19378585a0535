"""Daily papers JSON and JSON lines: every record becomes a listing or is skipped with a reason.

This holds whatever arrays, objects, lines or columns contain the records.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from time import process_time
from typing import Any

import pytest
from support.format_samples import CLEAN, IDS, TITLES, column, daily, daily_entry, json_lines, line

from notifier.errors import DumpError
from notifier.models import Listing, ParsedDump
from notifier.sources import parse_dump


def dump(document: Any) -> ParsedDump:
    return parse_dump((document if isinstance(document, str) else json.dumps(document)).encode())


def test_every_field_of_a_daily_papers_entry_is_read() -> None:
    listing = dump(daily()).listings[1]
    assert listing == Listing(
        position=2,
        title=TITLES[1],
        abstract=CLEAN.format(1),
        where="record 2",
        arxiv_id=IDS[1],
        url=f"https://arxiv.org/abs/{IDS[1]}",
        listed_on=date(2026, 7, 2),
        upvotes=10,
        comments=2,
        authors=("Ann Lee", "Bo Chen"),
        keywords=("graph networks", "unlearning"),
        summary="A survey finds that unlearning costs α little.",
        published=date(2026, 6, 28),
        page=f"https://huggingface.co/papers/{IDS[1]}",
        project="https://example.org/graphs",
        code="https://github.com/example/graphs",
        stars=12,
    )


def columns(prefix: str = "paper_") -> dict[str, list[Any]]:
    return {f"{prefix}{name}": column(name) for name in ("id", "title", "summary", "upvotes", "submittedOnDailyAt")}


def table_rows() -> list[dict[str, Any]]:
    return [dict(zip(columns(), row, strict=True)) for row in zip(*columns().values(), strict=True)]


@pytest.mark.parametrize(
    "document",
    [
        daily(),
        {"status": "success", "date": "2026-07-02", "count": 3, "data": daily()},
        {"data": {"papers": daily()}},
        {"2026-07-02": daily()},
        "\n".join(map(json.dumps, daily())),
        [str(entry) for entry in daily()],
        {"status": "success", "data": [str(entry) for entry in daily()]},
        [json.dumps(entry) for entry in daily()],
        "\n".join(map(str, daily())),
        [entry["paper"] for entry in daily()],
        table_rows(),
        columns(),
        {name: dict(enumerate(column)) for name, column in columns("paper.").items()},
        {"columns": list(columns()), "index": [0, 1, 2], "data": [list(row.values()) for row in table_rows()]},
        json.dumps(daily(), indent=2),
    ],
    ids=lambda document: str(document)[:20],
)
def test_daily_papers_are_read_from_every_form_of_document(document: Any) -> None:
    found = dump(document)
    assert found.format == "daily papers JSON"
    assert [listing.arxiv_id for listing in found.listings] == list(IDS)
    assert [(listing.title, listing.abstract) for listing in found.listings] == [
        (title, CLEAN.format(number)) for number, title in enumerate(TITLES)
    ]
    assert [listing.upvotes for listing in found.listings] == [0, 10, 20]
    assert {listing.listed_on for listing in found.listings} == {date(2026, 7, 2)}
    assert found.skipped == ()


@pytest.mark.parametrize("key", ["paper_id", "paperId"])
def test_papers_with_such_an_id_are_a_daily_list_only_if_they_have_upvotes(key: str) -> None:
    papers = [{key: paper_id, "title": title} for paper_id, title in zip(IDS, TITLES, strict=True)]
    assert dump(papers).format == "JSON lines"
    assert dump([{**paper, "upvotes": 3} for paper in papers]).format == "daily papers JSON"


def test_a_single_paper_is_a_dump_with_one_listing() -> None:
    assert [listing.arxiv_id for listing in dump(daily_entry(0)).listings] == [IDS[0]]
    assert [listing.arxiv_id for listing in dump(daily_entry(1)["paper"]).listings] == [IDS[1]]


def test_the_publication_day_of_an_entry_is_never_its_listing_day() -> None:
    entry = daily_entry(0)
    del entry["paper"]["submittedOnDailyAt"]
    (listing,) = dump([entry]).listings
    assert (listing.listed_on, listing.published) == (None, date(2026, 6, 28))


def test_json_lines_are_read_with_the_usual_keys() -> None:
    paper = {
        "arxiv_id": "http://arxiv.org/abs/math.GT/0309136v2",
        "title": TITLES[0],
        "summary": "It is short.",
        "authors": "Ann Lee, Bo Chen and Cy Young",
        "categories": "cs.LG stat.ML",
        "comments": "9 pages",
        "doi": "https://doi.org/10.1000/xyz",
        "date": "2026-07-06",
        "published": "2026-06-28",
        "upvotes": "12",
        "pdf_url": "javascript:alert(1)",
    }
    found = dump(json.dumps(paper) + "\n" + json.dumps({**paper, "date": "2026-07-07"}))
    listing = found.listings[0]
    assert (listing.arxiv_id, listing.version, listing.doi) == ("math/0309136", 2, "10.1000/xyz")
    assert listing.authors == ("Ann Lee", "Bo Chen", "Cy Young")
    assert (listing.categories, listing.note, listing.comments) == (("cs.LG", "stat.ML"), "9 pages", None)
    assert (listing.listed_on, listing.published, listing.upvotes) == (date(2026, 7, 6), date(2026, 6, 28), 12)
    assert listing.pdf is None
    assert [listing.where for listing in found.listings] == ["line 1", "line 2"]


def test_the_common_day_of_all_lines_is_the_day_of_the_dump() -> None:
    found = dump(json.dumps({"title": TITLES[0], "date": "2026-07-06"}))
    assert (found.full_date, found.listings[0].listed_on) == (date(2026, 7, 6), None)


@pytest.mark.parametrize(
    "document", [[], {"data": []}, {"status": "no_data", "message": "No papers found for this date"}, {"count": 0}]
)
def test_an_answer_without_papers_is_a_dump_without_listings(document: Any) -> None:
    found = dump(document)
    assert (found.listings, found.skipped) == ((), ())


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"error": "Rate limit exceeded"}, "an error message, not a dump: Rate limit exceeded"),
        ({"name": "notifier", "version": 3}, "contains no papers"),
        ([1, 2, 3], r"none of its 3 records is a paper \(for example record 1: it is not an object with a title\)"),
        ([{"id": IDS[0]}], "it has no title"),
        ('[{"id": "1', "cut off"),
    ],
)
def test_a_document_without_papers_is_refused_with_the_reason(document: Any, reason: str) -> None:
    with pytest.raises(DumpError, match=reason):
        dump(document)


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        ('{"id": "1", "title": "A" "b"}', "broken JSON"),
        ('{"id": "1", "title": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"id": "1", "title": "' + "a" * 2_000_000 + '"}', "larger than 1024 KB"),
        ("7", "not an object with a title"),
        ("\"{'id': open()}\"", "a string that holds no record"),
        ('{"id": "1", "title": "unclosed}', "broken JSON"),
    ],
    ids=["comma", "nesting", "size", "number", "code", "quote"],
)
def test_only_a_damaged_record_is_skipped(damaged: str, reason: str) -> None:
    whole = [json.dumps(line(number)) for number in range(3)]
    found = dump(f"[{whole[0]}, {damaged}, {whole[1]}, {whole[2]}]")
    assert [listing.arxiv_id for listing in found.listings] == list(IDS)
    (skipped,) = found.skipped
    assert skipped.where == "record 2"
    assert reason in skipped.reason


def test_only_the_record_with_a_stray_quote_is_skipped() -> None:
    printed = json.dumps([str(entry) for entry in daily()])
    found = dump(printed.replace("We study 1", 'We "study 1'))
    assert [listing.arxiv_id for listing in found.listings] == [IDS[0], IDS[2]]
    assert found.skipped


def test_two_records_that_damage_has_merged_are_skipped_and_not_mixed() -> None:
    entries = [json.dumps(daily_entry(number)) for number in range(3)]
    merged = f"{entries[0][:-1]}, {entries[1][1:]}"
    array = dump(f"[{merged}, {entries[2]}]")
    assert [listing.arxiv_id for listing in array.listings] == [IDS[2]]
    assert [(skipped.where, skipped.reason) for skipped in array.skipped] == [
        ("record 1", "it is two records that run into each other here")
    ]
    lines = dump(f"{merged}\n{entries[2]}\n")
    assert [listing.arxiv_id for listing in lines.listings] == [IDS[2]]
    assert [skipped.where for skipped in lines.skipped] == ["line 1"]


def test_only_a_damaged_line_is_skipped() -> None:
    lines = json_lines().splitlines()
    found = dump("\n".join([lines[0], lines[1][:-9], "", lines[2], '{"title": "' + "a" * 2_000_000 + '"}']))
    assert [listing.where for listing in found.listings] == ["line 1", "line 4"]
    assert [skipped.where for skipped in found.skipped] == ["line 2", "line 5"]


def test_huge_and_infinite_numbers_are_unknown() -> None:
    text = f'[{{"title": "{TITLES[0]}", "upvotes": {"9" * 5000}}}, {{"title": "{TITLES[1]}", "upvotes": NaN}}]'
    assert [listing.upvotes for listing in dump(text).listings] == [None, None]


def test_lone_surrogates_and_control_characters_are_removed() -> None:
    (listing,) = dump('[{"title": "A\\ud800 b\x07c\\u0000"}]').listings
    assert listing.title == "A bc"


def test_a_document_that_breaks_off_keeps_the_records_before_the_break() -> None:
    text = json.dumps(daily())
    found = dump(text[: text.index(IDS[2])])
    assert [listing.arxiv_id for listing in found.listings] == [*IDS[:2]]
    assert [(skipped.where, skipped.reason) for skipped in found.skipped] == [
        ("record 3", "the document is cut off here")
    ]


def test_a_document_with_too_many_faults_is_read_only_in_part_and_says_so() -> None:
    text = f"[{json.dumps(line(0))}, " + "".join(f'{{"key{number}": broken}},' for number in range(5_000)) + "]"
    found = dump(text)
    assert [listing.arxiv_id for listing in found.listings] == [IDS[0]]
    assert 10 < len(found.skipped) < 5_000
    assert "the rest is not read" in found.skipped[-1].reason


BROKEN_ELEMENTS = {
    "unclosed objects": '{"title": "Bees of the World", "x": {"abstract": "We study bees in depth, all of them."}',
    "unclosed arrays": '{"title": "Bees of the World", "authors": ["a", "abstract": "We study bees in depth"}',
    "different keys": '{{"key{}": broken}}',
    "different keys without an end": '{{"key{}": [1, {{"a": 2}},',
    "closed too often": "x]",
    "words": "broken",
    "unclosed strings": '{"title": "Bees',
    "nested": '{"title": [1, ',
}


@pytest.mark.slow
@pytest.mark.parametrize("element", BROKEN_ELEMENTS.values(), ids=list(BROKEN_ELEMENTS))
def test_an_array_of_broken_elements_is_read_in_time_that_grows_with_its_size(element: str) -> None:
    body = ",\n".join(element.format(number) if "{{" in element else element for number in range(6_000))
    start = process_time()
    with suppress(DumpError):
        dump(f"[{json.dumps(line(0))}, {body}]")
    assert process_time() - start < 3
