"""How bytes are read as a dump: archives are unpacked, and Unicode is detected whatever encoding is declared."""

from __future__ import annotations

import codecs
import gzip
import lzma
import subprocess
import sys
from pathlib import Path

import pytest
from support.format_samples import IDS, TITLES, api, atom, json_lines, rss
from support.paths import CHECKOUT
from support.service import SEEDS, clean_environment

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.sources import parse_dump

UMLAUTS = TITLES[0].replace("Forgetful", "Gödel’s")


def first_title(content: bytes) -> str:
    return parse_dump(content).listings[0].title


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(json_lines().encode()),
        lzma.compress(json_lines().encode()),
        gzip.compress(lzma.compress(json_lines().encode())),
        gzip.compress(json_lines().encode()[:200]) + gzip.compress(json_lines().encode()[200:]),
        lzma.compress(json_lines().encode()[:200]) + lzma.compress(json_lines().encode()[200:]),
    ],
    ids=["gzip", "xz", "nested", "gzip members", "xz members"],
)
def test_archives_are_unpacked(packed: bytes) -> None:
    assert [listing.arxiv_id for listing in parse_dump(packed).listings] == list(IDS)


def test_a_cut_off_archive_gives_the_listings_before_the_cut_and_reports_the_fault() -> None:
    lines = json_lines().encode() * 400
    dump = parse_dump(gzip.compress(lines)[:-20])
    assert dump.listings
    assert "broken or cut off" in dump.skipped[-1].reason
    with pytest.raises(DumpError, match="broken or cut off"):
        parse_dump(gzip.compress(lines)[:12])


def test_an_archive_with_three_layers_is_refused() -> None:
    with pytest.raises(DumpError, match="a gzip archive"):
        parse_dump(gzip.compress(gzip.compress(gzip.compress(json_lines().encode()))))


@pytest.mark.slow
def test_a_decompression_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(bytes(16 << 20)) * 640)  # 10 GB
    code = (
        "import sys; from pathlib import Path; from notifier import sources\n"
        "try: sources.parse_dump(Path(sys.argv[1]).read_bytes())\n"
        "except Exception as error: print(type(error).__name__, error)\n"
        # The peak of this program alone; ru_maxrss counts the process that started it too.
        "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(int(peak.split()[1]) >> 10)"
    )
    command = [sys.executable, "-c", code, str(bomb)]
    completed = subprocess.run(
        command, cwd=CHECKOUT, env=clean_environment(), capture_output=True, text=True, check=True
    )
    message, peak = completed.stdout.strip().splitlines()
    assert message.startswith("DumpError the unpacked file is larger than 256 MB")
    assert int(peak) < 512 + 128


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("declared", ["UTF-8", "utf-16", "iso-8859-1", "no-such-encoding"])
def test_a_feed_in_any_unicode_encoding_is_read_whatever_encoding_it_declares(encoding: str, declared: str) -> None:
    text = api().replace("UTF-8", declared).replace("Forgetful", "Gödel’s")
    assert first_title(text.encode(encoding)) == UMLAUTS


@pytest.mark.parametrize("declared", ["UTF-8", "windows-1252", "none"])
def test_windows_1252_is_read_whether_or_not_it_is_declared(declared: str) -> None:
    text = atom().replace('encoding="UTF-8"', f'encoding="{declared}"').replace("Forgetful", "Gödel’s")
    assert first_title(text.encode("cp1252")) == UMLAUTS


def test_a_declared_single_byte_encoding_is_used() -> None:
    text = atom().replace("UTF-8", "koi8-r").replace("Forgetful", "Модели")
    assert first_title(text.encode("koi8-r")).startswith("Модели")


def test_one_invalid_byte_damages_no_other_character() -> None:
    content = rss("new").replace("Forgetful", "Gödel’s").encode().replace(b"Unlearning", b"Unl\xe9arning")
    assert first_title(content) == UMLAUTS.replace("Unlearning", "Unléarning")


def test_white_space_and_byte_order_marks_before_a_document_do_not_change_its_format() -> None:
    for before in (b"\n\n  ", codecs.BOM_UTF8 + b" ", b"\x00"):
        assert parse_dump(before + json_lines().encode()).format == "JSON lines"
        assert parse_dump(before + atom().encode()).format == "arXiv Atom"


def test_a_page_that_begins_like_json_is_read_as_a_page() -> None:
    text = SEEDS[1].read_text(encoding="utf-8")
    for before in ("[12](https://example.org)\n", "[Subscribe](https://example.org)\n", "[-] 1\n"):
        assert parse_dump((before + text).encode()).format == "page text"


@pytest.mark.parametrize(
    ("limits", "content", "reason"),
    [
        (Limits(unpacked_mb=1), gzip.compress(b"a" * (2 << 20)), "the unpacked file is larger than 1 MB"),
        (Limits(records=2), json_lines().encode(), "more than 2 records"),
        (Limits(records=2), rss("new", "new", "new").encode(), "more than 2 records"),
        (Limits(line_kb=1), b"word " * 300, "a line longer than 1 KB"),
        (Limits(entities=0), b"<!DOCTYPE rss [<!ENTITY a 'b'>]>" + rss("new").encode(), "too many entities"),
    ],
)
def test_a_dump_that_exceeds_a_limit_is_refused(limits: Limits, content: bytes, reason: str) -> None:
    with pytest.raises(DumpError, match=reason):
        parse_dump(content, limits)


def test_only_a_record_that_exceeds_the_limit_is_skipped() -> None:
    small = Limits(record_kb=1, line_kb=1)
    for content in (json_lines(), f"[{','.join(json_lines().splitlines())}]", rss("new", "new", "new")):
        dump = parse_dump(content.replace(TITLES[1], TITLES[1] + "." * 1024).encode(), small)
        assert [listing.arxiv_id for listing in dump.listings] == [IDS[0], IDS[2]]
        assert [skipped.where.split()[1] for skipped in dump.skipped] == ["2"]
        assert "1 KB" in dump.skipped[0].reason
