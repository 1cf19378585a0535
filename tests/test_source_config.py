"""The tables [sources.NAME] say where dumps come from; a wrong one is refused in words that name key and cure."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

import pytest

from notifier.config import SourceConfig, load
from notifier.errors import ConfigError


def loaded(tmp_path: Path, text: str) -> dict[str, SourceConfig]:
    """Return the sources of a config with this text."""
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load(file).sources


@pytest.mark.parametrize(
    "text",
    [
        'preset = "huggingface"',
        'preset = "arxiv"\ncategories = ["cs.LG", "hep-th", "cond-mat.mtrl-sci", "astro-ph", "q-bio.NC"]',
        'preset = "medrxiv"\ncategories = ["HIV/AIDS", "Endocrinology (including Diabetes Mellitus)"]',
        'preset = "openreview"\nvenue = "ICLR.cc/2026/Conference"',
        'preset = "feed"\nurl = "https://example.org/papers.rss?key=1&page=2"\nevery = "30m"',
        'preset = "oai"\nurl = "https://oaipmh.arxiv.org/oai"\nset = "physics:hep-th"\nmetadata_prefix = "arXivRaw"',
        'preset = "huggingface"\nurl = "https://127.0.0.1:8443/mirror"',
        'url = "https://[2001:db8::1]:8443/dump.json"\nat = "23:59"',
        'folder = "exports"\nevery = "1d"',
        'glob = "exports/*.jsonl"',
    ],
)
def test_a_source_needs_no_more_than_its_place(tmp_path: Path, text: str) -> None:
    assert list(loaded(tmp_path, f"[sources.daily]\n{text}")) == ["daily"]


def test_intervals_and_times_of_day_are_read(tmp_path: Path) -> None:
    sources = loaded(
        tmp_path,
        '[sources.a]\npreset = "huggingface"\nevery = "90m"\n[sources.b-2]\nglob = "*.json"\nat = "07:30"\n'
        '[sources.3_c]\nurl = "https://example.org"\nevery = "2d"\ncompare_with = "a"',
    )
    assert (sources["a"].interval, sources["a"].time_of_day) == (timedelta(minutes=90), None)
    assert (sources["b-2"].interval, sources["b-2"].time_of_day) == (None, time(7, 30))
    assert sources["3_c"].interval == timedelta(days=2)
    assert [sources[name].is_remote for name in ("a", "b-2", "3_c")] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sources.d]", "sources.d: say where its dumps come from: set preset"),
        ('[sources.d]\npreset = "hugging face"', "sources.d.preset: use one of huggingface, arxiv, "),
        ("[sources.d]\npreset = 3", "sources.d.preset: use one of"),
        ('[sources.d]\npreset = "feed"', 'sources.d: with preset = "feed", set url'),
        ('[sources.d]\npreset = "oai"', 'sources.d: with preset = "oai", set url'),
        ('[sources.d]\npreset = "openreview"', "sources.d: with preset = \"openreview\", set venue"),
        ('[sources.d]\npreset = "arxiv"', "sources.d: with preset = \"arxiv\", set categories"),
        ('[sources.d]\nfolder = "a"\nglob = "b"', "sources.d: folder and glob cannot be set together"),
        ('[sources.d]\nurl = "https://x.org"\nfolder = "a"', "sources.d: url and folder cannot be set together"),
        ('[sources.d]\npreset = "huggingface"\nglob = "a"', "sources.d: preset and glob cannot be set together"),
        ('[sources.d]\npreset = "huggingface"\nevery = "1h"\nat = "07:00"', "sources.d: every and at cannot be set"),
        ('[sources.d]\nurl = "https://x.org"\nvenue = "x"', "sources.d: venue needs preset"),
        ('[sources.d]\nurl = "https://x.org"\nset = "x"', "sources.d: set needs preset"),
        ('[sources.d]\nurl = "https://x.org"\nmetadata_prefix = "x"', "sources.d: metadata_prefix needs preset"),
        ('[sources.d]\npreset = "huggingface"\ncategories = ["x"]', "categories needs one of the presets"),
        ('[sources.d]\nfolder = "a"\npause_seconds = 2', "sources.d: pause_seconds is for sources that are fetched"),
        ('[sources.d]\npreset = "huggingface"\nurl = "https://x.org/?a=1"', "sources.d: with this preset, url is"),
        *[
            (f'[sources.d]\npreset = "arxiv"\ncategories = ["{wrong}"]', "is no category; write it like 'cs.LG'")
            for wrong in ("cs.LG OR cat:cs.CL", "cs LG", "CS.LG", "", "cs.LG+cs.CL", "../list", "cs.LG&start=0")
        ],
        ('[sources.d]\npreset = "arxiv"\ncategories = "cs.LG"', "write a list in square brackets"),
        *[
            (f'[sources.d]\npreset = "huggingface"\nevery = "{wrong}"', "sources.d.every: write a number and a unit")
            for wrong in ("6", "h", "6 h", "6 hours", "1m", "0h", "32d", "-1h", "1.5h", "99999d", "١h")
        ],
        *[
            (f'[sources.d]\npreset = "huggingface"\nat = "{wrong}"', "sources.d.at: this is not a time of day")
            for wrong in ("7:30", "24:00", "07.30", "07:60", "07:30:00", "noon")
        ],
        *[
            (f'[sources.d]\nurl = "{wrong}"', "sources.d.url: ")
            for wrong in (
                *("example.org", "ftp://example.org/x", "file:///etc/passwd", "https://", "https:///x", "https://x:0/"),
                *("https://x:99999/", "https://ann:secret@x.org/", "https://x.org/a b", "https://[::1/"),
                "javascript:1",
                f"https://x.org/{'x' * 1000}",
            )
        ],
        ('[sources.d]\npreset = "openreview"\nvenue = "a b"', "sources.d.venue: write the id of a venue"),
        ('[sources.d]\npreset = "oai"\nurl = "https://x.org"\nset = "a b"', "sources.d.set: write it as the archive"),
        ('[sources.d]\npreset = "huggingface"\npause_seconds = -1', "sources.d.pause_seconds: "),
        ('[sources.Daily]\npreset = "huggingface"', "sources: 'Daily' is no name of a source; use at most 40"),
        ('[sources."a/b"]\npreset = "huggingface"', "sources: 'a/b' is no name of a source"),
        (f'[sources.{"a" * 41}]\npreset = "huggingface"', "is no name of a source"),
        ('[sources.d]\npreset = "huggingface"\ncompare_with = "d"', "compare_with of d names d itself"),
        ('[sources.d]\npreset = "huggingface"\ncompare_with = "e"', "compare_with of d names 'e', but there is no"),
        ('[sources.d]\nurl = "http://x.org/a"', "the url of d has no TLS; use https://, or name x.org in"),
        ('[sources.d]\npreset = "huggingface"\nevry = "1h"', "notifier knows; did you mean every?"),
        ('[sources]\npreset = "huggingface"', "sources.preset: this is a table; write [sources.NAME] in"),
        ('sources = "huggingface"', "sources: this is a table; write [sources.NAME] in a line of its own"),
        ("store = 3", "store: this is a table; write [store] in a line of its own"),
        ("[topics.bees]\ntitel = 'Bees'", "topics.bees.titel is not a key that notifier knows; did you mean title?"),
    ],
)  # fmt: skip
def test_a_wrong_source_is_refused_in_words(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_host_that_is_named_may_be_asked_without_tls(tmp_path: Path) -> None:
    text = '[sources.d]\nurl = "http://Dumps.Example.org/a"\n[fetching]\nallow_http = ["dumps.example.org"]'
    assert loaded(tmp_path, text)["d"].url == "http://Dumps.Example.org/a"


def test_environment_variables_set_the_keys_of_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFIER_SOURCES__ARXIV__EVERY", "2h")
    monkeypatch.setenv("NOTIFIER_SOURCES__DAILY__PRESET", "huggingface")
    sources = loaded(tmp_path, '[sources.arxiv]\npreset = "arxiv"\ncategories = ["cs.LG"]')
    assert (sources["arxiv"].every, sources["arxiv"].categories) == ("2h", ("cs.LG",))
    assert sources["daily"].preset == "huggingface"


@pytest.mark.parametrize(
    ("place", "own"),
    [
        ('folder = "var/dumps"', "folder: it would also read the dumps folder"),
        ('folder = "var/dumps/from-ann"', "folder: it would also read the dumps folder"),
        ('folder = "var/done"', "folder: it would also read the dumps that were read"),
        ('folder = "."', "folder: it would also read the config"),
        ('folder = "exports/../var"', "folder: it would also read the database"),
        ('folder = "var/feeds"', "folder: it would also read the feeds"),
        ('folder = "var/mail/new"', "folder: it would also read the Maildir"),
        ('folder = "var/fetched/d"', "folder: it would also read the fetched documents"),
        ('glob = "var/dumps/*.json"', "glob: it would also read the dumps folder"),
        ('glob = "var/*/*.json"', "glob: it would also read the dumps folder"),
        ('glob = "*.toml"', "glob: it would also read the config"),
        ('glob = "v*/*.db"', "glob: it would also read the database"),
        ('glob = "var/feeds/*.rss"', "glob: it would also read the feeds"),
        ('glob = "**/*.json"', "glob: it would also read the dumps folder"),
    ],
)
def test_a_source_does_not_read_the_files_of_notifier_itself(tmp_path: Path, place: str, own: str) -> None:
    with pytest.raises(ConfigError, match=own):
        loaded(tmp_path, f"[sources.d]\n{place}")


def test_a_source_does_not_read_the_feeds_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "var" / "feeds").mkdir(parents=True)
    (tmp_path / "exports").symlink_to(tmp_path / "var" / "feeds")
    with pytest.raises(ConfigError, match="folder: it would also read the feeds"):
        loaded(tmp_path, '[sources.d]\nfolder = "exports"')


@pytest.mark.parametrize(
    "place", ['folder = "exports"', 'folder = "var/exports"', 'glob = "*.jsonl"', 'glob = "exports/**/*.json"']
)
def test_a_source_may_lie_beside_the_files_of_notifier(tmp_path: Path, place: str) -> None:
    assert "d" in loaded(tmp_path, f"[sources.d]\n{place}")
