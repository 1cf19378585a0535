"""The bytes of a feed depend on its rows alone, and a paper keeps its entry id for ever and in every feed."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import time_machine
from support.feed_samples import NEWEST, ONLINE, PUBLISHER, SAMPLES, entry, feed, random_papers
from support.paths import PYTHON_PATH

from notifier.feeds import FORMATS, Feed, Publisher

ID = re.compile(rb"urn:uuid:[0-9a-f-]{36}")
LINK = re.compile(rb"<link>.*?</link>")  # of an RSS channel; without a web site it holds the feed's own id
all_formats = pytest.mark.parametrize("ending", FORMATS)


def ids(ending: str, sample: Feed, publisher: Publisher = PUBLISHER) -> list[bytes]:
    """Return the ids of the entries, in order."""
    found = ID.findall(LINK.sub(b"", FORMATS[ending](sample, publisher)))
    return found[1:] if ending == "atom" else found


@all_formats
@pytest.mark.parametrize("sample", SAMPLES)
def test_the_bytes_of_a_feed_do_not_depend_on_the_clock(ending: str, sample: Feed) -> None:
    with time_machine.travel(datetime(2026, 7, 6, tzinfo=UTC)):
        once = FORMATS[ending](sample, ONLINE)
    with time_machine.travel(datetime(2031, 1, 1, tzinfo=UTC)):
        assert FORMATS[ending](sample, ONLINE) == once


@all_formats
def test_the_bytes_of_a_feed_do_not_depend_on_the_hash_seed_of_the_process(ending: str) -> None:
    # The topics of a paper are a set, whose order changes with the hash seed.
    program = (
        "import sys; from support.feed_samples import *; from notifier.feeds import FORMATS\n"
        "topics = frozenset(map(str, range(50)))\n"
        f"sys.stdout.buffer.write(FORMATS[{ending!r}](feed(entry(topics=topics)), PUBLISHER))"
    )
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH}
    written = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**environment, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(written) == 1 and written != {b""}


def test_a_paper_has_the_same_id_in_every_feed_and_format_and_at_every_base_url() -> None:
    other = Feed("all", "All papers", "", (entry(),))
    moved = replace(ONLINE, base_url="https://elsewhere.example")
    found = {
        tuple(ids(ending, sample, publisher))
        for ending in FORMATS
        for sample in (feed(entry()), other)
        for publisher in (PUBLISHER, ONLINE, moved)
    }
    assert len(found) == 1


@all_formats
def test_the_id_of_an_entry_depends_on_the_guid_alone(ending: str) -> None:
    same = replace(entry(), paper=entry(2, key="t-0123456789abcdef", first_seen=NEWEST.replace(year=2027)).paper)
    assert ids(ending, feed(entry())) == ids(ending, feed(same))
    assert ids(ending, feed(entry())) != ids(ending, feed(replace(same, guid="another")))


@all_formats
def test_the_ids_of_entries_are_unique(ending: str) -> None:
    found = ids(ending, feed(*random_papers(100, seed=5)))
    assert len(found) == len(set(found)) == 100


@all_formats
def test_the_id_of_a_known_entry_is_fixed_for_ever(ending: str) -> None:
    assert ids(ending, feed(entry())) == [b"urn:uuid:4e9bb186-393a-5611-b9f8-545f364ccf6d"]


def test_each_feed_has_its_own_id_that_does_not_depend_on_the_base_url() -> None:
    first, second = feed(), Feed("all", "All papers", "", ())
    assert PUBLISHER.feed_id(first) == ONLINE.feed_id(first) != PUBLISHER.feed_id(second)


@all_formats
def test_the_bytes_do_not_name_feedgen_or_a_version(ending: str) -> None:
    written = FORMATS[ending](feed(entry()), PUBLISHER).lower()
    assert b"feedgen" not in written and b"generator version" not in written


@all_formats
def test_fields_that_a_feed_does_not_show_do_not_change_its_bytes(ending: str) -> None:
    voted = entry(upvotes=140, stars=46, sequence=999)
    assert FORMATS[ending](feed(entry()), PUBLISHER) == FORMATS[ending](feed(voted), PUBLISHER)


@all_formats
def test_an_entry_has_the_same_bytes_in_every_feed_that_shows_it(ending: str) -> None:
    several = random_papers(5, seed=7)
    whole = FORMATS[ending](feed(*several), ONLINE)
    alone = [FORMATS[ending](Feed("all", "All", "", (each,)), PUBLISHER) for each in several]
    places = [whole.find(only_entry(ending, written)) for written in alone]
    assert -1 not in places and places == sorted(places)


def only_entry(ending: str, written: bytes) -> bytes:
    """Return the bytes of the only entry of a feed, with its indentation."""
    starts = {"rss": b"    <item>", "atom": b"  <entry>", "json": b"  {"}
    ends = {"rss": b"</item>", "atom": b"</entry>", "json": b"\n ]\n}"}
    start = written.index(b'"items"') if ending == "json" else 0
    return written[written.index(starts[ending], start) : written.rindex(ends[ending])]
